"""Which version of a row stands: several versions in one batch, and an incoming against a staged version.

Belongs here: the comparison, over the attached scratch file `scratch` and the temporary table `held_now`. Does not
belong here: writing staging or quarantine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from warehouse.cast_sql import quoted
from warehouse.casting import row_hash_sql
from warehouse.counting import number
from warehouse.moments import utc

TEMPORARY = ("candidate", "tombstone", "verdict")


@dataclass(frozen=True)
class Incoming:
    """The batch as the comparison sees it; `latest_full_seq` is the latest full delivery that was applied before.

    `deletes_absent` says that rows missing from it are gone; `later_seqs` as in `Batch`.
    """

    columns: Sequence[str]
    entity: str
    source_system: str
    batch_seq: int
    is_full: bool
    is_current: bool
    latest_full_seq: int | None
    deletes_absent: bool
    later_seqs: tuple[int, ...]

    @property
    def is_overtaken(self) -> bool:
        """Whether a later full delivery was applied before this one."""
        return self.latest_full_seq is not None and self.batch_seq < self.latest_full_seq


@dataclass(frozen=True)
class States:
    """Rows of a batch that change nothing, and how many of the others turn a live or unknown row into a deleted one."""

    unchanged: int
    refused: int
    newly_deleted: int


def choose_versions(connection: duckdb.DuckDBPyConnection) -> int:
    """Make temp.candidate: of every key the version that stands within the batch. Gives the number of the others."""
    connection.execute(
        "CREATE TEMP TABLE candidate AS SELECT row_number, _key, _changed_at, _row_hash, _is_deleted "
        "FROM scratch.batch ANTI JOIN temp.held_now USING (row_number)"
    )
    return number(
        connection,
        """
        DELETE FROM temp.candidate WHERE row_number IN (
            SELECT row_number FROM temp.candidate
            WHERE _key IN (SELECT _key FROM temp.candidate GROUP BY _key HAVING count(*) > 1)
            QUALIFY row_number() OVER (PARTITION BY _key ORDER BY _changed_at DESC NULLS LAST, row_number DESC) > 1
        )
        """,
    )


def compare(connection: duckdb.DuckDBPyConnection, source: Incoming) -> States:
    """Make temp.verdict: row_number, _key and state (new, changed, unchanged, refused) of every candidate.

    unchanged: same content and same life as the staged row. refused: the staged version is newer, or a later full
    delivery did not hold the row any more.
    """
    _fill_tombstones(connection, source)
    confirmed = "coalesce(k.batch_seq, s._batch_seq)"
    older = f"$batch_seq < greatest(s._batch_seq, {confirmed}, $full_seq)"
    if source.later_seqs:
        listed = ", ".join(str(seq) for seq in source.later_seqs)
        older = f"({older} OR s._batch_seq IN ({listed}) OR {confirmed} IN ({listed}))"
    if not source.is_current:
        older = f"CASE WHEN c._changed_at <> s._changed_at THEN c._changed_at < s._changed_at ELSE {older} END"
    unknown = "refused" if source.deletes_absent and source.is_overtaken else "new"
    full_seq = source.batch_seq if source.latest_full_seq is None else source.latest_full_seq
    connection.execute(
        f"""
        CREATE TEMP TABLE verdict AS
        SELECT c.row_number, c._key, c._changed_at, c._is_deleted, s._batch_seq AS staged_seq,
            CASE WHEN s._key IS NULL THEN '{unknown}'
                WHEN c._is_deleted = s._is_deleted AND coalesce(t._row_hash, c._row_hash) = s._row_hash THEN 'unchanged'
                WHEN {older} THEN 'refused'
                ELSE 'changed' END AS state,
            c._is_deleted AND s._is_deleted IS DISTINCT FROM true AS is_deletion
        FROM temp.candidate c
        LEFT JOIN temp.tombstone t USING (row_number)
        LEFT JOIN (SELECT * FROM staging.{quoted(source.entity)} WHERE _source_system = $system) s ON s._key = c._key
        LEFT JOIN (
            SELECT _key, max(batch_seq) AS batch_seq FROM staging.confirmed_row
            WHERE entity = $entity AND source_system = $system GROUP BY _key
        ) k ON k._key = c._key
        """,
        {
            "batch_seq": source.batch_seq,
            "full_seq": full_seq,
            "system": source.source_system,
            "entity": source.entity,
        },
    )
    (counts,) = connection.execute(
        "SELECT count(*) FILTER (state = 'unchanged'), count(*) FILTER (state = 'refused'), "
        "count(*) FILTER (is_deletion AND state IN ('new', 'changed')) FROM temp.verdict"
    ).fetchall()
    return States(*counts)


def count_reused(connection: duckdb.DuckDBPyConnection, source: Incoming, immutable: Sequence[str]) -> int:
    """Changed rows that hold another value than the staged row in a column that never changes for a key."""
    if not immutable:
        return 0
    differs = " OR ".join(f"b.{quoted(name)} <> s.{quoted(name)}" for name in immutable)
    return number(
        connection,
        f"SELECT count(*) FROM temp.verdict v JOIN scratch.batch b USING (row_number) "
        f"JOIN staging.{quoted(source.entity)} s ON s._key = v._key AND s._source_system = ? "
        f"WHERE v.state = 'changed' AND NOT b._is_deleted AND ({differs})",
        [source.source_system],
    )


def common_shift(connection: duckdb.DuckDBPyConnection, source: Incoming, immutable: Sequence[str]) -> tuple[int, int]:
    """(rows, seconds): the most common step of a time that never changes for a key, among rows in which one changed.

    (0, 0) when none did. Of steps that are equally common it is the smallest.
    """
    steps = " UNION ALL ".join(
        f"SELECT CAST(round(epoch(b.{quoted(name)}) - epoch(s.{quoted(name)})) AS BIGINT) AS seconds "
        f"FROM temp.verdict v JOIN scratch.batch b USING (row_number) "
        f"JOIN staging.{quoted(source.entity)} s ON s._key = v._key AND s._source_system = $system "
        f"WHERE v.state = 'changed' AND NOT b._is_deleted"
        for name in immutable
    )
    if not steps:
        return 0, 0
    found = connection.execute(
        f"SELECT count(*), seconds FROM ({steps}) WHERE seconds <> 0 GROUP BY seconds "
        "ORDER BY 1 DESC, abs(seconds), seconds LIMIT 1",
        {"system": source.source_system},
    ).fetchall()
    return (int(found[0][0]), int(found[0][1])) if found else (0, 0)


def count_restamped(connection: duckdb.DuckDBPyConnection, source: Incoming) -> int:
    """Changed rows that hold what the staged row holds, but for the time of change."""
    same = " AND ".join(
        f"b.{quoted(name)} IS NOT DISTINCT FROM s.{quoted(name)}" for name in source.columns if name != "updated_at"
    )
    return number(
        connection,
        f"SELECT count(*) FROM temp.verdict v JOIN scratch.batch b USING (row_number) "
        f"JOIN staging.{quoted(source.entity)} s ON s._key = v._key AND s._source_system = ? "
        f"WHERE v.state = 'changed' AND NOT b._is_deleted AND NOT s._is_deleted AND {same}",
        [source.source_system],
    )


def new_ages(connection: duckdb.DuckDBPyConnection, event_time: str | None, landed_at: datetime) -> list[int]:
    """Live rows of keys that were never here, by age at arrival: at k those of up to 2^k hours, and of over 2^(k-1).

    Empty where no new row has an `event_time`. Test rows and our own are left out. `landed_at` is aware UTC.
    """
    if event_time is None:
        return []
    hours = f"(epoch($landed_at::TIMESTAMP) - epoch(CAST(b.{quoted(event_time)} AS TIMESTAMP))) / 3600"
    found = connection.execute(
        f"SELECT CAST(ceil(log2(greatest({hours}, 1))) AS INTEGER) AS power, count(*) FROM temp.verdict v "
        "JOIN scratch.batch b USING (row_number) WHERE v.state = 'new' AND NOT b._is_deleted AND NOT b._is_test "
        f"AND NOT b._is_own AND b.{quoted(event_time)} IS NOT NULL GROUP BY power",
        {"landed_at": utc(landed_at)},
    ).fetchall()
    counts = dict(found)
    return [counts.get(power, 0) for power in range(max(counts, default=-1) + 1)]


def rows_sql(source: Incoming) -> str:
    """Every candidate with its columns: live rows as they came, tombstones with the last known values."""
    names = ", ".join(
        [*(quoted(name) for name in source.columns), "row_number", "_key", "_row_hash", "_changed_at", "_is_deleted"]
    )
    return f"SELECT {names} FROM scratch.batch WHERE NOT _is_deleted UNION ALL SELECT {names} FROM temp.tombstone"


def confirm(connection: duckdb.DuckDBPyConnection, source: Incoming) -> None:
    """Remember that a later batch brought the same content, without touching the staged row.

    Where versions have no change time, or the same one, the batch decides what is newer. A full delivery confirms every
    row, so its sequence number is enough.
    """
    if source.is_full:
        return
    where = "FROM temp.verdict v WHERE v.state = 'unchanged' AND v.staged_seq < $batch_seq"
    facts = {"entity": source.entity, "system": source.source_system, "batch_seq": source.batch_seq}
    connection.execute(
        f"""DELETE FROM staging.confirmed_row WHERE entity = $entity AND source_system = $system
            AND batch_seq < $batch_seq AND _key IN (SELECT v._key {where})""",
        facts,
    )
    connection.execute(f"INSERT INTO staging.confirmed_row SELECT $entity, $system, v._key, $batch_seq {where}", facts)


def _fill_tombstones(connection: duckdb.DuckDBPyConnection, source: Incoming) -> None:
    """A tombstone often carries only the key: what it lacks is kept from the staged row."""
    kept = [f"coalesce(b.{quoted(name)}, s.{quoted(name)}) AS {quoted(name)}" for name in source.columns]
    connection.execute(
        f"""
        CREATE TEMP TABLE tombstone AS SELECT *, {row_hash_sql(source.columns)} AS _row_hash FROM (
            SELECT {", ".join(kept)}, b.row_number, b._key, coalesce(b._changed_at, s._changed_at) AS _changed_at,
                b._is_deleted
            FROM scratch.batch b JOIN temp.candidate USING (row_number)
            LEFT JOIN staging.{quoted(source.entity)} s ON s._key = b._key AND s._source_system = ?
            WHERE b._is_deleted
        )
        """,
        [source.source_system],
    )
