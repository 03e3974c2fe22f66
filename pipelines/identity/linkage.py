"""Which source records belong together: all of them matched anew, or those that changes can have moved.

The bridge between the tables and the engine in `matching`. A full match learns what agreement is worth; in between,
new and changed records are judged by what was learned then, and only the chains of records that they touch are
clustered again. Which customer id a cluster gets is decided in `crosswalk`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.identity import comparables, judgements, learned, neighbours, spanning
from pipelines.identity.comparables import Comparable
from pipelines.identity.matching import blocking, engine
from pipelines.identity.matching.clustering import connected
from pipelines.identity.matching.engine import Matching
from pipelines.identity.matching.evidence import MISSING, Evidence, Ints
from pipelines.identity.matching.explanation import Explanation
from pipelines.identity.matching.judgements import Judgements
from pipelines.identity.representatives import join_representatives

if TYPE_CHECKING:
    import duckdb


# Even odds. Those who meet customers are worse off with two people in one than with one in two, so it is stricter than
# the default for tables, which is where F1 is best (docs/decisions/0006).
THRESHOLD = 0.0
# What nothing that follows needs of a source record: a text costs more to read than all numbers together.
UNCONCERNED = """party_type, email, phone, phone_alternate, phone_key, phone_alternate_key, strong_id, is_stub,
                 record_hash, generation_std, postal_code_std, country_std"""
# Pairs explained at once; bounds memory.
CHUNK = 250_000


def match_all(connection: duckdb.DuckDBPyConnection) -> int:
    """Match all records, and keep what was learned; build the temporary tables below, return the pairs compared.

    `concerned_record`: the source records in `clustered`, in columns of `identity.source_records`.
    `clustered`: one row per record (record_no, source_record_key, cluster_no, confidence). `weakest_link`: one row
    per cluster of several records: the weakest of the pairs that hold it together best (cluster_no, probability).
    """
    records = comparables.read(connection)
    evidence = records.evidence
    judged = _judged(connection, evidence)
    matching = engine.match(evidence, threshold=THRESHOLD, judged=judged)
    for table in ("scored_pairs", "block_key", "chain"):
        connection.execute(f"DELETE FROM identity.{table}")
    explanation = Explanation(evidence, matching)
    rules = [rule for rule in matching.pairs_by_rule if not rule.startswith(blocking.NEAR)]
    learned.store(connection, matching.learned, explanation.attributes, rules, records=len(evidence))
    front = np.unique(matching.leader)
    neighbours.add_keys(connection, Comparable(evidence.take(front), records.numbers[front]), rules)
    _write(connection, records, matching, judged, explanation)
    connection.execute("CREATE OR REPLACE TEMP VIEW concerned_record AS FROM identity.source_records")
    return len(matching.left)


def match_changes(connection: duckdb.DuckDBPyConnection) -> int:
    """Match the records in `touched` and what they may move, judged by what was learned from all; see `match_all`.

    `clustered` then holds those records only: all records of every customer that is concerned.
    """
    measure, rules = learned.load(connection)
    found = neighbours.find(connection, measure, rules)
    evidence = found.records.evidence
    judged = _judged(connection, evidence)
    matching = engine.match(evidence, threshold=THRESHOLD, judged=judged, learned=measure, candidates=found.candidates)
    _forget(connection)
    _write(connection, found.records, matching, judged, Explanation(evidence, matching))
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE concerned_record AS
            SELECT * EXCLUDE ({UNCONCERNED}) FROM identity.source_records SEMI JOIN clustered USING (record_no)"""
    )
    return len(matching.left)


def read_judgements(connection: duckdb.DuckDBPyConnection) -> bool:
    """Build `judgement_in_force`, and `newly_judged`: records of judgements made or taken back since the last run.

    True if there are such records.
    """
    connection.execute(f"CREATE OR REPLACE TEMP TABLE judgement_in_force AS {judgements.IN_FORCE}")
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE newly_judged AS
           WITH now AS (SELECT left_key, right_key, decision FROM judgement_in_force)
           SELECT DISTINCT unnest([left_key, right_key]) AS source_record_key
           FROM ((FROM now EXCEPT FROM identity.applied_judgement)
                 UNION ALL (FROM identity.applied_judgement EXCEPT FROM now))"""
    )
    connection.execute("DELETE FROM identity.applied_judgement")
    connection.execute(
        "INSERT INTO identity.applied_judgement SELECT left_key, right_key, decision FROM judgement_in_force"
    )
    return bool(connection.execute("SELECT count(*) FROM newly_judged").fetchall()[0][0])


def _judged(connection: duckdb.DuckDBPyConnection, evidence: Evidence) -> Judgements:
    """Judgements in force on records that are there; unsure decides nothing."""
    table = connection.sql(
        "SELECT left_key, right_key, decision = 'match' AS is_match FROM judgement_in_force WHERE decision <> 'unsure'"
    ).to_arrow_table()
    left, right = (
        pc.index_in(table.column(side), evidence.record_ids).fill_null(MISSING).to_numpy().astype(np.int64)
        for side in ("left_key", "right_key")
    )
    there = (left >= 0) & (right >= 0)
    is_match = table.column("is_match").to_numpy(zero_copy_only=False)
    return Judgements(np.minimum(left, right)[there], np.maximum(left, right)[there], is_match[there])


def _forget(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop what was found about the records in `concerned`, which is about to be written anew."""
    connection.execute("DELETE FROM identity.chain WHERE record_no IN (FROM concerned)")
    connection.execute(
        "DELETE FROM identity.scored_pairs WHERE left_no IN (FROM concerned) AND right_no IN (FROM concerned)"
    )
    # A pair across the border was no match; it stands unless one of its records changed.
    for side in ("left_no", "right_no"):
        connection.execute(f"DELETE FROM identity.scored_pairs WHERE {side} IN (FROM outdated)")


def _write(
    connection: duckdb.DuckDBPyConnection,
    records: Comparable,
    matching: Matching,
    judged: Judgements,
    explanation: Explanation,
) -> None:
    confidence = engine.confidence(matching)
    clustered = pa.table(
        {
            "record_no": records.numbers,
            "source_record_key": records.evidence.record_ids,
            "cluster_no": matching.cluster,
            "confidence": pa.array(confidence, mask=np.isnan(confidence)),
            "chain": _chains(matching, judged),
        }
    )
    _store(connection, "clustered", clustered)
    _store(connection, "weakest_link", _weakest_links(matching))
    join_representatives(connection)
    connection.execute(
        """INSERT INTO identity.chain
           SELECT record_no, min(record_no) OVER (PARTITION BY chain) FROM clustered
           QUALIFY count(*) OVER (PARTITION BY chain) > 1"""
    )
    connection.execute("ALTER TABLE clustered DROP chain")
    _write_pairs(connection, records, matching, judged, explanation)


def _write_pairs(
    connection: duckdb.DuckDBPyConnection,
    records: Comparable,
    matching: Matching,
    judged: Judgements,
    explanation: Explanation,
) -> None:
    size, ids, numbers = len(records.numbers), records.evidence.record_ids, records.numbers
    decreed = np.sort(judged.left * size + judged.right)
    telling = explanation.telling
    # Some records may not have every attribute; columns stand where those of all records stood.
    numbered = {name: at for at, name in enumerate(learned.attributes(connection))}
    present = [(numbered[name], at) for at, (name, _) in enumerate(explanation.attributes) if name in numbered]
    place, taken = (np.array(some) for some in zip(*present, strict=True))
    for start in range(0, len(telling), CHUNK):
        pairs = telling[start : start + CHUNK]
        left, right, bits = matching.left[pairs], matching.right[pairs], matching.bits[pairs]
        found = explanation.of(pairs)
        levels, level_bits = (np.zeros((len(pairs), len(numbered)), dtype=some.dtype) for some in found)
        levels[:, place], level_bits[:, place] = (some[:, taken] for some in found)
        together = matching.cluster[left] == matching.cluster[right]
        table = pa.table(
            {
                "left_no": numbers[left],
                "right_no": numbers[right],
                "left_key": ids.take(pa.array(left)),
                "right_key": ids.take(pa.array(right)),
                "bits": bits,
                "probability": _probability(bits),
                "decision": pa.array(["apart", "match"]).take(pa.array(together.astype(np.int8))),
                "decided_by": pa.array(["model", "steward"]).take(
                    pa.array(np.isin(left * size + right, decreed).astype(np.int8))
                ),
                "levels": pa.FixedSizeListArray.from_arrays(levels.ravel(), levels.shape[1]),
                "level_bits": pa.FixedSizeListArray.from_arrays(level_bits.ravel(), level_bits.shape[1]),
            }
        )
        connection.register("pair_batch", table)
        connection.execute("INSERT INTO identity.scored_pairs SELECT * FROM pair_batch")
        connection.unregister("pair_batch")


def _chains(matching: Matching, judged: Judgements) -> Ints:
    """Number of the chain of good pairs that each record is on; what may change its cluster is on it too."""
    size = len(matching.cluster)
    good = matching.bits > THRESHOLD
    follows = np.flatnonzero(matching.cluster == matching.cluster[matching.leader])
    left = np.concatenate([matching.left[good], matching.leader[follows], judged.left])
    right = np.concatenate([matching.right[good], follows, judged.right])
    return connected(size, left, right)


def _weakest_links(matching: Matching) -> pa.Table:
    """Probability of the weakest edge of each cluster's strongest tree; see `spanning`."""
    cluster, left, right = matching.cluster, matching.left, matching.right
    inside = np.flatnonzero(cluster[left] == cluster[right])
    inside = inside[np.argsort(-matching.bits[inside], kind="stable")]
    tree = inside[spanning.strongest_tree(left[inside], right[inside])]
    numbers, last = np.unique(cluster[left[tree]][::-1], return_index=True)
    bits = matching.bits[tree][::-1][last]
    return pa.table({"cluster_no": numbers, "probability": _probability(bits)})


def _probability(bits: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp2(-bits.astype(np.float64))))


def _store(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    connection.register("to_store", table)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM to_store")
    connection.unregister("to_store")
