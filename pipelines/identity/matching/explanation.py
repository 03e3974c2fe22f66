"""Why two records are one customer, or not: the evidence of each attribute in bits, which add up to those of the pair.

Beside the attributes stand what makes any pair unlikely (`rarity_of_matches`: most pairs are two people), what two
people of one household or firm have in common as well (`household`), what keeps a pair within the bounds of what one
pair may count for, a mild no where little is known (`bounds`), and the correction from what people decided
(`decisions`).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.identity.matching.engine import Matching
from pipelines.identity.matching.evidence import Evidence, Ints
from pipelines.identity.matching.scoring import attributes_of, judge, levels_of

# Pairs with fewer bits are not worth an explanation unless they are of one customer.
FEWEST_BITS = -8.0
REST = ("rarity_of_matches", "household", "bounds", "decisions")
THROUGHOUT = "throughout"
# Bits that are rounding.
SAME = 1e-4


class Explanation:
    """Says of pairs of records what each attribute adds."""

    def __init__(self, evidence: Evidence, matching: Matching) -> None:
        self.matching = matching
        self.compared = attributes_of(evidence, matching.learned.given_names)
        self.learned = matching.learned.among(self.compared)

    @cached_property
    def telling(self) -> Ints:
        """Pairs worth an explanation: those of one customer, and those of two whose records look alike."""
        matching = self.matching
        together = matching.cluster[matching.left] == matching.cluster[matching.right]
        return np.flatnonzero(together | (matching.bits > FEWEST_BITS))

    @property
    def attributes(self) -> list[tuple[str, list[str]]]:
        """Attribute names with the names of their levels, in the order of the columns below."""
        found = [(one.name, [level.name for level in one.levels]) for one in self.learned.model.comparisons]
        return [*found, *((name, [THROUGHOUT]) for name in REST)]

    def of(self, pairs: Ints) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
        """Level (0: not known on both sides) and bits of each pair, a row, in each attribute, a column."""
        left, right = self.matching.left[pairs], self.matching.right[pairs]
        judged = judge(self.compared, levels_of(self.compared, left, right), left, right)
        model, total = self.learned.model, self.matching.bits[pairs].astype(np.float64)
        parts = [*model.parts(judged), np.full(len(pairs), model.match_odds), -np.logaddexp2(model.weigh(judged)[1], 0)]
        added, scored = np.sum(parts, axis=0), model.score(judged)
        # Undoes the correction where no bound cut it off.
        uncorrected = (total - self.learned.calibration.offset) / (self.learned.calibration.factor or 1.0)
        held = np.where(np.abs(scored - uncorrected) < SAME, scored, uncorrected)
        parts += [held - added, total - held]
        levels = [*(one.levels for one in judged), *(np.abs(part) > SAME for part in parts[len(judged) :])]
        return np.stack(levels, axis=1).astype(np.int8), np.stack(parts, axis=1).astype(np.float32)


def explain(evidence: Evidence, matching: Matching) -> pa.Table:
    """One row a pair and attribute: left_id, right_id, is_one_customer, pair_bits, attribute, level, bits.

    Pairs of one customer, and pairs of two whose records look alike. `bits` is log2 of how many times likelier what is
    seen is for one person's records than for any two people's; they add up to the bits of the pair.
    """
    explanation = Explanation(evidence, matching)
    pairs = explanation.telling
    left, right = matching.left[pairs], matching.right[pairs]
    together = matching.cluster[left] == matching.cluster[right]
    levels, bits = explanation.of(pairs)
    ids, parts = evidence.record_ids, []
    for at, (attribute, names) in enumerate(explanation.attributes):
        known = np.flatnonzero(levels[:, at])
        parts.append(
            pa.table(
                {
                    "left_id": ids.take(pa.array(left[known])),
                    "right_id": ids.take(pa.array(right[known])),
                    "is_one_customer": pa.array(together[known]),
                    "pair_bits": pa.array(matching.bits[pairs[known]]),
                    "attribute": pa.array([attribute] * len(known), pa.string()),
                    "level": pa.array(names, pa.string()).take(pa.array(levels[known, at].astype(np.int64) - 1)),
                    "bits": pa.array(bits[known, at]),
                }
            )
        )
    return pa.concat_tables(parts).sort_by([("left_id", "ascending"), ("right_id", "ascending")])
