"""Learning from a table what agreement in it is worth.

Twice: first each record counts as a person, then those count as one who surely are, since five records of one customer
do not make a name common.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pipelines.identity.matching import calibration, model
from pipelines.identity.matching.attribute import Attribute
from pipelines.identity.matching.calibration import NO_CALIBRATION, Calibration
from pipelines.identity.matching.clustering import average_linkage
from pipelines.identity.matching.evidence import Evidence, Ints
from pipelines.identity.matching.judgements import Judgements
from pipelines.identity.matching.model import Model
from pipelines.identity.matching.people import Census, People
from pipelines.identity.matching.person_names import PersonNames
from pipelines.identity.matching.scoring import judge, levels_of, score
from pipelines.identity.matching.threads import each

# Pairs that the model learns from, and pairs drawn at random to see how alike strangers are, and namesakes.
SAMPLE, STRANGERS, NAMESAKES = 300_000, 300_000, 100_000
# Of each record so many namesakes at most: in a small table more would be the same pairs again.
NAMESAKES_OF_ONE = 20
# Average bits from which a cluster counts as one person when values are counted for the second time.
SURE = 4.0
# Pairs with fewer bits in the first pass are not judged again.
HOPELESS = -12.0
# One pair's evidence counts up to so many bits, for or against.
CEILING, FLOOR = 16.0, -12.0
SEED = 1969


@dataclass(frozen=True)
class Learned:
    """What a table taught: what agreement is worth, how common values are, and how far people agree."""

    model: Model
    census: Census
    given_names: Ints  # numbers of the texts that are names, and not a slip in one
    calibration: Calibration = NO_CALIBRATION

    def among(self, compared: list[Attribute]) -> Learned:
        """Prepare other records of the table to be scored by it."""
        for attribute in compared:
            attribute.count(self.census)
        comparisons = [comparison for attribute in compared for comparison in attribute.comparisons]
        return replace(self, model=self.model.among(comparisons))

    def score(self, compared: list[Attribute], left: Ints, right: Ints) -> npt.NDArray[np.float32]:
        """log2 odds that each pair is one customer, held to what one pair's evidence may count for."""
        seen = levels_of(compared, left, right)
        bits = self.calibration.apply(score(self.model, compared, seen, left, right))
        return np.clip(bits, FLOOR, CEILING)


def learn(
    evidence: Evidence, compared: list[Attribute], left: Ints, right: Ints, judged: Judgements
) -> tuple[Learned, npt.NDArray[np.float32]]:
    """Learn from candidate pairs of records, and score them."""
    size = len(evidence)
    comparisons = [comparison for attribute in compared for comparison in attribute.comparisons]
    rng = np.random.default_rng(SEED)
    sample = np.sort(rng.choice(len(left), min(SAMPLE, len(left)), replace=False))
    # Kept for the second time; what pairs look like does not change.
    seen = levels_of(compared, left, right)
    strangers = list(levels_of(compared, *_strangers(size, rng)))
    namesakes = _of_one_given_name(evidence, rng)
    seen_namesakes = levels_of(compared, *namesakes)

    def fit(people: People) -> Model:
        each(lambda attribute: attribute.count(people), compared)
        candidates = judge(compared, seen[:, sample], left[sample], right[sample])
        alike = judge(compared, seen_namesakes, *namesakes)
        return model.learn(
            comparisons, candidates, strangers, alike, records=size, sampled=len(sample) / max(len(left), 1)
        )

    bits = score(fit(People(np.arange(size))), compared, seen, left, right)
    people = People(average_linkage(size, left, right, np.clip(bits, FLOOR, CEILING), SURE))
    fitted = fit(people)
    near = np.flatnonzero(bits > HOPELESS)
    bits[near] = score(fitted, compared, seen[:, near], left[near], right[near])
    decided = score(fitted, compared, levels_of(compared, judged.left, judged.right), judged.left, judged.right)
    learned = Learned(
        fitted,
        Census(people.count, people.counted),
        np.concatenate(
            [np.zeros(0, dtype=np.int64), *(some.names for some in compared if isinstance(some, PersonNames))]
        ),
        calibration.fit(np.clip(decided, FLOOR, CEILING), judged.is_match),
    )
    return learned, np.clip(learned.calibration.apply(bits), FLOOR, CEILING)


def _strangers(size: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Pairs of records drawn at random; all there are where that is fewer."""
    if size * (size - 1) // 2 <= STRANGERS:
        one, other = np.triu_indices(size, 1)
        return one, other
    one, other = rng.integers(0, size, (2, STRANGERS))
    apart = one != other
    return one[apart], other[apart]


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
    place = rng.integers(0, len(order), min(NAMESAKES, NAMESAKES_OF_ONE * len(order)))
    one = order[place]
    other = order[first[codes[one]] + rng.integers(0, counts[codes[one]])]
    apart = one != other
    return one[apart], other[apart]
