"""The way from comparable records to customers, on one screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pipelines.identity.matching import blocking, crowds, learning
from pipelines.identity.matching.clustering import average_linkage, components
from pipelines.identity.matching.evidence import Evidence, Ints, distinct
from pipelines.identity.matching.judgements import NO_JUDGEMENTS, Judgements
from pipelines.identity.matching.learning import Learned
from pipelines.identity.matching.lines import pairs_within
from pipelines.identity.matching.model import Model
from pipelines.identity.matching.people import Census
from pipelines.identity.matching.scoring import attributes_of

NO_PAIRS = np.zeros(0, dtype=np.int64)
UNLEARNED = Learned(Model([], [], [], [], [], 0.0, 0.0), Census(1, {}), NO_PAIRS)
# Bits of pairs of records, left and right.
Scorer = Callable[[Ints, Ints], npt.NDArray[np.float32]]
# Longest chain of records on which everybody meets everybody.
CHAIN = 60
# What a person says counts more than any number of pairs.
ONE_PERSON, TWO_PEOPLE = 1e6, -1e9


@dataclass
class Matching:
    """Who is who: `cluster` gives each record the lowest record number of its cluster; the rest is why.

    Pairs are record numbers (left < right), `bits` the log2 odds of their evidence. `leader` is the record that each
    one follows (see `crowds`): itself, but for one of many that say the same, which is in no pair.
    """

    cluster: Ints
    left: Ints
    right: Ints
    bits: npt.NDArray[np.float32]
    leader: Ints
    learned: Learned
    pairs_by_rule: dict[str, int]


def match(
    evidence: Evidence,
    *,
    threshold: float = 0.0,
    judged: Judgements = NO_JUDGEMENTS,
    learned: Learned | None = None,
    candidates: Ints = NO_PAIRS,
) -> Matching:
    """Cluster all records by what they teach themselves.

    `threshold` is the average log2 odds above which clusters merge; `judged` pairs are decided already. Some records of
    a table are matched by what was `learned` from all of it; then `candidates` are pairs to compare (left * number of
    records + right, left < right) that these alone would not propose.
    """
    size = len(evidence)
    crowd = crowds.find(evidence, np.concatenate([judged.left, judged.right]))
    if len(crowd.front) == size:
        return _match(evidence, threshold, judged, learned, candidates)
    one, other = crowd.leader[candidates // size], crowd.leader[candidates % size]
    among = distinct((np.minimum(one, other) * len(crowd.front) + np.maximum(one, other))[one != other])
    matching = _match(evidence.take(crowd.front), threshold, judged.among(crowd.leader), learned, among)
    front = crowd.front
    return Matching(
        crowd.spread(matching.cluster),
        front[matching.left],
        front[matching.right],
        matching.bits,
        front[crowd.leader],
        matching.learned,
        matching.pairs_by_rule,
    )


def _match(
    evidence: Evidence, threshold: float, judged: Judgements, learned: Learned | None, candidates: Ints
) -> Matching:
    size = len(evidence)
    compared = attributes_of(evidence, learned.given_names if learned else None)
    if size < 2 or not compared:
        return nobody_compared(size)
    if learned is None:
        left, right, by_rule = blocking.candidate_pairs(evidence)
        learned, bits = learning.learn(evidence, compared, left, right, judged)
    else:
        left, right, by_rule = blocking.candidate_pairs(evidence, budget=0)
        left, right = np.divmod(distinct(np.concatenate([left * size + right, candidates])), size)
        learned = learned.among(compared)
        bits = learned.score(compared, left, right)
    measure = learned
    alone = Matching(np.arange(size), left, right, bits, np.arange(size), measure, by_rule)
    return join(alone, lambda one, other: measure.score(compared, one, other), threshold=threshold, judged=judged)


def join(alone: Matching, scorer: Scorer, *, threshold: float = 0.0, judged: Judgements = NO_JUDGEMENTS) -> Matching:
    """Cluster records of which candidate pairs have bits; `scorer` gives those of the pairs that come on top."""
    size, left, right, bits = len(alone.cluster), alone.left, alone.right, alone.bits
    # Whoever is linked by a chain meets everybody on it, so that average linkage knows what speaks against.
    met = pairs_within(components(size, left, right, bits, threshold), CHAIN)
    met = distinct(np.concatenate([met, judged.left * size + judged.right]))
    known = left * size + right
    new = met[known[np.minimum(np.searchsorted(known, met), len(known) - 1)] != met] if len(known) else met
    more_left, more_right = new // size, new % size
    bits = np.clip(np.append(bits, scorer(more_left, more_right)), learning.FLOOR, learning.CEILING)
    left, right = np.append(left, more_left), np.append(right, more_right)
    decided = _decided(left * size + right, bits, judged, size)
    cluster = average_linkage(size, left, right, decided, threshold)
    return replace(alone, cluster=cluster, left=left, right=right, bits=bits)


def confidence(matching: Matching) -> npt.NDArray[np.float64]:
    """Probability that each record is with the right others; NaN for a record that was compared with none.

    With others of its customer: from the average bits between them. Alone: that the likeliest other is not the same.
    """
    size = len(matching.cluster)
    together = matching.cluster[matching.left] == matching.cluster[matching.right]
    mates, total, likeliest = np.zeros(size, dtype=np.int64), np.zeros(size), np.full(size, -np.inf)
    bits = matching.bits[together]
    for ends in (matching.left[together], matching.right[together]):
        mates += np.bincount(ends, minlength=size)
        total += np.bincount(ends, weights=bits, minlength=size)
    for ends in (matching.left, matching.right):
        alone = np.flatnonzero(mates[ends] == 0)
        np.maximum.at(likeliest, ends[alone], matching.bits[alone])
    average = total / np.maximum(mates, 1)
    log_odds = np.where(mates > 0, average, -likeliest)
    result = 1 / (1 + np.exp2(-log_odds))
    result[(mates == 0) & np.isneginf(likeliest)] = np.nan
    return result[matching.leader]


def _decided(pairs: Ints, bits: npt.NDArray[np.float32], judged: Judgements, size: int) -> npt.NDArray[np.float32]:
    """Bits with judged pairs so far out that no evidence outweighs them."""
    decided = bits.copy()
    order = np.argsort(pairs, kind="stable")
    at = order[np.searchsorted(pairs, judged.left * size + judged.right, sorter=order)]
    decided[at] = np.where(judged.is_match, ONE_PERSON, TWO_PEOPLE)
    return decided


def nobody_compared(size: int) -> Matching:
    """Every record alone: nothing was there to compare."""
    nothing = np.zeros(0, dtype=np.int64)
    return Matching(np.arange(size), nothing, nothing, np.zeros(0, dtype=np.float32), np.arange(size), UNLEARNED, {})
