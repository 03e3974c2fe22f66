"""Rows that a full delivery lacks: gone at the source, unless too many or perhaps only unreadable.

Belongs here: finding such rows and marking them deleted. Does not belong here: tombstones, which are rows
(`merging.py`).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb

from warehouse.batch import Batch
from warehouse.cast_sql import quoted
from warehouse.counting import number, parquet_rows
from warehouse.moments import utc

TEMPORARY = ("absent",)


class ShrinkRefused(RuntimeError):
    """A full delivery lacks more of the live rows than its contract allows. Nothing of the batch is applied."""


def find_absent(
    connection: duckdb.DuckDBPyConnection, batch: Batch, *, rejects: Path | None, max_shrink: float
) -> tuple[int, int]:
    """Make temp.absent, the live keys of the feed that the delivery lacks; how many to delete, how many to withhold.

    Held rows are present. A line or key that cannot be read may belong to any absent row, so then all are withheld.

    Raises:
        ShrinkRefused: more than the share `max_shrink` of the feed's live rows is absent.
    """
    table = f"staging.{quoted(batch.entity)}"
    connection.execute(
        f"CREATE TEMP TABLE absent AS SELECT s._key FROM {table} s ANTI JOIN scratch.batch b ON b._key = s._key "
        "WHERE s._feed = ? AND s._source_system = ? AND NOT s._is_deleted AND s._batch_seq <= ?",
        [batch.feed, batch.source_system, batch.batch_seq],
    )
    live = number(
        connection,
        f"SELECT count(*) FROM {table} WHERE _feed = ? AND _source_system = ? AND NOT _is_deleted",
        [batch.feed, batch.source_system],
    )
    absent = number(connection, "SELECT count(*) FROM temp.absent")
    if absent > max_shrink * live:
        raise ShrinkRefused(
            f"{batch.feed}: batch {batch.batch_id} lacks {absent} of {live} live rows; the contract allows "
            f"{max_shrink:.0%} at once. Nothing was applied. Check the delivery at the source; if the rows are truly "
            "gone, raise deletes.max_shrink and apply the batch again."
        )
    nameless = number(connection, "SELECT count(*) FROM scratch.batch WHERE _key IS NULL") + parquet_rows(
        connection, rejects
    )
    return (0, absent) if nameless else (absent, 0)


def delete_absent(connection: duckdb.DuckDBPyConnection, batch: Batch, now: datetime) -> int:
    """Mark the rows of temp.absent deleted as of the landing of the batch; the number of rows."""
    landed_at = utc(batch.landed_at)
    return number(
        connection,
        f"UPDATE staging.{quoted(batch.entity)} AS s SET _is_deleted = true, _deleted_at = ?, _batch_id = ?, "
        "_batch_seq = ?, _landed_at = ?, _staged_at = ? FROM temp.absent a WHERE a._key = s._key "
        "AND s._source_system = ? AND s._feed = ?",
        [
            landed_at,
            batch.batch_id,
            batch.batch_seq,
            landed_at,
            utc(now),
            batch.source_system,
            batch.feed,
        ],
    )
