"""How well clusters agree with the truth, from the contingency table of entities and clusters.

No pair is ever listed: an entity and a cluster that have n records in common agree on n(n-1)/2 pairs, so a million
records cost one join and three counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa

_CELLS = """
WITH cells AS (
    SELECT entity_id, customer_id, count(*) AS n FROM truth JOIN clusters USING (record_id) GROUP BY ALL
), entities AS (
    SELECT entity_id, sum(n) AS n FROM cells GROUP BY ALL
), found AS (
    SELECT customer_id, sum(n) AS n FROM cells GROUP BY ALL
)
SELECT
    (SELECT count(*) FROM entities),
    (SELECT count(*) FROM found),
    (SELECT coalesce(sum(n * (n - 1) // 2), 0) FROM entities),
    (SELECT coalesce(sum(n * (n - 1) // 2), 0) FROM found),
    (SELECT coalesce(sum(n * (n - 1) // 2), 0) FROM cells),
    (SELECT sum(cells.n * cells.n / found.n) FROM cells JOIN found USING (customer_id)),
    (SELECT sum(cells.n * cells.n / entities.n) FROM cells JOIN entities USING (entity_id))
"""

_MISMATCH = """
SELECT
    (SELECT count(*) FROM truth),
    (SELECT count(*) FROM clusters),
    (SELECT count(DISTINCT record_id) FROM clusters WHERE customer_id IS NOT NULL),
    (SELECT count(*) FROM truth SEMI JOIN clusters ON truth.record_id = clusters.record_id)
"""


class ScoringRefused(Exception):
    """The clusters do not speak of exactly the records of the truth."""


@dataclass(frozen=True)
class Score:
    """Agreement of clusters with the truth. Pair measures count pairs of records, B-cubed ones weigh records alike."""

    records: int
    entities: int
    clusters: int
    true_pairs: int
    found_pairs: int
    right_pairs: int
    bcubed_precision: float
    bcubed_recall: float

    @property
    def precision(self) -> float:
        """Of the pairs put together, the share that belong together; 1 when nothing was put together."""
        return self.right_pairs / self.found_pairs if self.found_pairs else 1.0

    @property
    def recall(self) -> float:
        """Of the pairs that belong together, the share put together; 1 when there is none."""
        return self.right_pairs / self.true_pairs if self.true_pairs else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall of pairs."""
        return _harmonic(self.precision, self.recall)

    @property
    def bcubed_f1(self) -> float:
        """Harmonic mean of B-cubed precision and recall."""
        return _harmonic(self.bcubed_precision, self.bcubed_recall)


def score(truth: pa.Table, clusters: pa.Table) -> Score:
    """Score `clusters` (record_id, customer_id) against `truth` (record_id, entity_id), which hold the same records."""
    with duckdb.connect() as connection:
        connection.register("truth", truth.select(["record_id", "entity_id"]))
        connection.register("clusters", clusters.select(["record_id", "customer_id"]))
        (counts,) = connection.execute(_MISMATCH).fetchall()
        if len(set(counts)) != 1:
            raise ScoringRefused(
                "records in truth {}, rows in clusters {}, records with a cluster {}, records in both {}: "
                "every record needs exactly one cluster".format(*counts)
            )
        (row,) = connection.execute(_CELLS).fetchall()
    entities, found, true_pairs, found_pairs, right_pairs, precision, recall = row
    records = truth.num_rows
    return Score(
        records,
        entities,
        found,
        int(true_pairs),
        int(found_pairs),
        int(right_pairs),
        float(precision) / records if records else 1.0,
        float(recall) / records if records else 1.0,
    )


def _harmonic(one: float, other: float) -> float:
    return 2 * one * other / (one + other) if one + other else 0.0
