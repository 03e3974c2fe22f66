"""Why two records are one customer, or not: the evidence of each attribute in bits."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipelines.identity.matching.engine import Matching, attributes_of
from pipelines.identity.matching.evidence import Evidence
from pipelines.identity.matching.people import People

# Pairs with fewer bits are not worth an explanation unless they are of one customer.
FEWEST_BITS = -8.0


def explain(evidence: Evidence, matching: Matching) -> pa.Table:
    """One row a pair and attribute: left_id, right_id, is_one_customer, pair_bits, attribute, level, bits.

    Pairs of one customer, and pairs of two whose records look alike. `bits` is log2 of how many times likelier the
    level is for one person's records than for any two people's; the bits of a pair also hold how rare matches are, and
    what two people of one household have in common.
    """
    together = matching.cluster[matching.left] == matching.cluster[matching.right]
    chosen = np.flatnonzero(together | (matching.bits > FEWEST_BITS))
    left, right = matching.left[chosen], matching.right[chosen]
    people, at, parts = People(matching.cluster), 0, []
    ids = evidence.record_ids
    for attribute in attributes_of(evidence):
        attribute.count(people)
        found = attribute.levels(left, right)
        for levels, shares in zip(found, attribute.shares(found, left, right), strict=True):
            comparison = matching.model.comparisons[at]
            known = np.flatnonzero(levels > 0)
            names = pa.array([level.name for level in comparison.levels], pa.string())
            bits = matching.model.weights(at)[0][levels] - shares
            parts.append(
                pa.table(
                    {
                        "left_id": ids.take(pa.array(left[known])),
                        "right_id": ids.take(pa.array(right[known])),
                        "is_one_customer": pa.array(together[chosen][known]),
                        "pair_bits": pa.array(matching.bits[chosen][known].astype(np.float32)),
                        "attribute": pa.array([comparison.name] * len(known), pa.string()),
                        "level": names.take(pa.array(levels[known].astype(np.int64) - 1)),
                        "bits": pa.array(bits[known].astype(np.float32)),
                    }
                )
            )
            at += 1
    return pa.concat_tables(parts).sort_by([("left_id", "ascending"), ("right_id", "ascending")])
