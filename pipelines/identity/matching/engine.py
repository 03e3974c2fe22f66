"""The way from comparable records to people, on one screen."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.identity.matching import attributes, blocking, levels, model
from pipelines.identity.matching.addresses import Addresses
from pipelines.identity.matching.attribute import Attribute
from pipelines.identity.matching.clustering import average_linkage, components
from pipelines.identity.matching.evidence import Evidence, Ints, distinct
from pipelines.identity.matching.judgements import NO_JUDGEMENTS, Judgements
from pipelines.identity.matching.levels import Levels
from pipelines.identity.matching.model import Judged, Model
from pipelines.identity.matching.people import People
from pipelines.identity.matching.person_names import PersonNames

# Pairs that the model learns from, and pairs drawn at random to see how alike strangers are, and namesakes.
SAMPLE, STRANGERS, NAMESAKES = 300_000, 300_000, 100_000
# Pairs judged at once, and how many times; bounds memory.
CHUNK = 250_000
THREADS = blocking.THREADS
# Average bits from which a cluster counts as one person when values are counted for the second pass.
SURE = 4.0
# Pairs with fewer bits in the first pass are not judged again.
HOPELESS = -12.0
# Longest chain of records on which everybody meets everybody.
CHAIN = 60
# One pair's evidence counts up to so many bits, for or against; a person's word counts more than any number of them.
CEILING, FLOOR = 16.0, -12.0
ONE_PERSON, TWO_PEOPLE = 1e6, -1e9
SEED = 1969


# What is compared as it stands.
WORDS = {
    "middle": levels.MIDDLE, "generation": levels.GENERATION, "sex": levels.SEX, "national_id": levels.NATIONAL_ID,
    "source": levels.SOURCE,
}  # fmt: skip
PLACE = {"street", "postal_code", "city", "region"}
UNLEARNED = Model([], [], [], [], [], 0.0, 0.0)
# Bits of pairs of records, left and right.
Scorer = Callable[[Ints, Ints], npt.NDArray[np.float32]]


@dataclass
class Matching:
    """Who is who: `cluster` gives each record the lowest record number of its cluster; the rest is why."""

    cluster: Ints
    left: Ints
    right: Ints
    bits: npt.NDArray[np.float32]
    model: Model
    pairs_by_rule: dict[str, int]


def match(evidence: Evidence, *, threshold: float = 0.0, judged: Judgements = NO_JUDGEMENTS) -> Matching:
    """Cluster all records. The first pass counts each record as a person, the second those who surely are one.

    `threshold` is the average log2 odds above which clusters merge; `judged` pairs are decided already.
    """
    size = len(evidence)
    compared = attributes_of(evidence)
    if size < 2 or not compared:
        return nobody_compared(size)
    left, right, found = blocking.candidate_pairs(evidence)
    comparisons = [comparison for attribute in compared for comparison in attribute.comparisons]
    rng = np.random.default_rng(SEED)
    sample = np.sort(rng.choice(len(left), min(SAMPLE, len(left)), replace=False))
    seen = [attribute.levels(left[sample], right[sample]) for attribute in compared]
    one, other = rng.integers(0, size, (2, STRANGERS))
    apart = one != other
    strangers = [array for attribute in compared for array in attribute.levels(one[apart], other[apart])]
    namesakes = _of_one_given_name(evidence, rng)
    seen_namesakes = [attribute.levels(*namesakes) for attribute in compared]

    def judge(seen: list[tuple[Levels, ...]], left: Ints, right: Ints) -> list[Judged]:
        return [
            Judged(*both)
            for attribute, found in zip(compared, seen, strict=True)
            for both in zip(found, attribute.shares(found, left, right), strict=True)
        ]

    def learn(people: People) -> Model:
        for attribute in compared:
            attribute.count(people)
        candidates, alike = judge(seen, left[sample], right[sample]), judge(seen_namesakes, *namesakes)
        return model.learn(
            comparisons, candidates, strangers, alike, records=size, sampled=len(sample) / max(len(left), 1)
        )

    fitted = learn(People(np.arange(size)))
    bits = score(fitted, compared, left, right)
    fitted = learn(People(average_linkage(size, left, right, np.clip(bits, FLOOR, CEILING), SURE)))
    near = np.flatnonzero(bits > HOPELESS)
    bits[near] = score(fitted, compared, left[near], right[near])
    alone = Matching(np.arange(size), left, right, bits, fitted, found)
    return join(alone, lambda one, other: score(fitted, compared, one, other), threshold=threshold, judged=judged)


def join(alone: Matching, scorer: Scorer, *, threshold: float = 0.0, judged: Judgements = NO_JUDGEMENTS) -> Matching:
    """Cluster records of which candidate pairs have bits; `scorer` gives those of the pairs that come on top."""
    size, left, right, bits = len(alone.cluster), alone.left, alone.right, alone.bits
    # Whoever is linked by a chain meets everybody on it, so that average linkage knows what speaks against.
    met = blocking.pairs_within(components(size, left, right, bits, threshold), CHAIN)
    met = distinct(np.concatenate([met, judged.left * size + judged.right]))
    known = left * size + right
    new = met[known[np.minimum(np.searchsorted(known, met), len(known) - 1)] != met] if len(known) else met
    more_left, more_right = new // size, new % size
    bits = np.append(bits, scorer(more_left, more_right))
    left, right = np.append(left, more_left), np.append(right, more_right)
    decided = _decided(left * size + right, bits, judged, size)
    cluster = average_linkage(size, left, right, decided, threshold)
    return Matching(cluster, left, right, bits, alone.model, alone.pairs_by_rule)


def confidence(matching: Matching) -> npt.NDArray[np.float64]:
    """Probability that each record is with the right others; NaN for a record that was compared with none.

    With others of its customer: from the average bits between them. Alone: that the likeliest other is not the same.
    """
    size = len(matching.cluster)
    together = matching.cluster[matching.left] == matching.cluster[matching.right]
    ends = np.concatenate([matching.left, matching.right])
    bits = np.tile(np.clip(matching.bits, FLOOR, CEILING).astype(np.float64), 2)
    inside = np.tile(together, 2)
    mates = np.bincount(ends[inside], minlength=size)
    average = np.bincount(ends[inside], weights=bits[inside], minlength=size) / np.maximum(mates, 1)
    likeliest = np.full(size, -np.inf)
    np.maximum.at(likeliest, ends[~inside], bits[~inside])
    log_odds = np.where(mates > 0, average, -likeliest)
    result = 1 / (1 + np.exp2(-log_odds))
    result[(mates == 0) & np.isneginf(likeliest)] = np.nan
    return result


def _of_one_given_name(evidence: Evidence, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Pairs of records drawn at random from those with one given name."""
    nobody = np.zeros(0, dtype=np.int64)
    if "given" not in evidence.columns:
        return nobody, nobody
    codes = evidence.columns["given"].codes
    order = np.argsort(codes, kind="stable")
    order = order[np.searchsorted(codes, 0, sorter=order) :]
    if not len(order):
        return nobody, nobody
    counts = np.bincount(codes[order])
    first = np.cumsum(counts) - counts
    place = rng.integers(0, len(order), NAMESAKES)
    one = order[place]
    other = order[first[codes[one]] + rng.integers(0, counts[codes[one]])]
    apart = one != other
    return one[apart], other[apart]


def _decided(pairs: Ints, bits: npt.NDArray[np.float32], judged: Judgements, size: int) -> npt.NDArray[np.float32]:
    """Bits with judged pairs so far out that no evidence outweighs them."""
    decided = np.clip(bits, FLOOR, CEILING)
    order = np.argsort(pairs, kind="stable")
    at = order[np.searchsorted(pairs, judged.left * size + judged.right, sorter=order)]
    decided[at] = np.where(judged.is_match, ONE_PERSON, TWO_PEOPLE)
    return decided


def nobody_compared(size: int) -> Matching:
    """Every record alone: nothing was there to compare."""
    nothing = np.zeros(0, dtype=np.int64)
    return Matching(np.arange(size), nothing, nothing, np.zeros(0, dtype=np.float32), UNLEARNED, {})


def attributes_of(evidence: Evidence) -> list[Attribute]:
    """What can be compared in these records."""
    columns, lists = evidence.columns, evidence.lists
    names = PersonNames(evidence) if "given" in columns or "family" in columns else None
    found: list[Attribute] = [names] if names else []
    found += [attributes.Words(columns[name], comparison) for name, comparison in WORDS.items() if name in columns]
    if evidence.births[0].any():
        found.append(attributes.Births(evidence.births))
    if "emails" in lists:
        found.append(attributes.Emails(lists["emails"], names))
    if "phones" in lists:
        found.append(attributes.Phones(lists["phones"]))
    if PLACE & set(columns):
        found.append(Addresses(evidence))
    if "organisation" in columns:
        is_person = np.zeros(len(evidence), dtype=np.bool_)
        for name in {"given", "family"} & set(columns):
            is_person |= columns[name].codes >= 0
        found.append(attributes.Organisations(columns["organisation"], is_person))
        found.append(attributes.Parties(is_person, columns["organisation"].codes >= 0))
    for name, column in columns.items():
        # What has one value throughout tells nobody from anybody.
        if name.startswith(("category_", "other_")) and len(column.values) > 1:
            found.append(attributes.Words(column, levels.other(name)))
    return found


def score(fitted: Model, compared: list[Attribute], left: Ints, right: Ints) -> npt.NDArray[np.float32]:
    """Bits for each pair, some chunks at a time: NumPy and rapidfuzz leave other threads to run."""
    bits = np.empty(len(left), dtype=np.float32)

    def fill(start: int) -> None:
        one, other = left[start : start + CHUNK], right[start : start + CHUNK]
        judged: list[Judged] = []
        for attribute in compared:
            found: tuple[Levels, ...] = attribute.levels(one, other)
            judged += map(Judged, found, attribute.shares(found, one, other))
        bits[start : start + CHUNK] = fitted.score(judged)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(fill, range(0, len(left), CHUNK)))
    return bits
