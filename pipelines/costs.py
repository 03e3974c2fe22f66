"""What keeping the warehouse current costs, by day: syncs and comparisons of each feed, refreshes, reviews of pairs.

The ledger knows it, by run for a while and by day for good; a refresh writes it into the warehouse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from pipelines.ledger.database import Ledger
from warehouse.connection import ensure_ops_schema

if TYPE_CHECKING:
    import duckdb

REVIEW = "review"

_BY_DAY = f"""
    SELECT kind, feed, day, sum(times), sum(requests), sum(byte_count), sum(row_count), sum(wall_ms) / 1e3,
           sum(cpu_ms) / 1e3, sum(person_seconds)
    FROM (
        SELECT 'sync' AS kind, feed, substr(started_at, 1, 10) AS day, 1 AS times, requests, byte_count,
               rows_read AS row_count, wall_ms, cpu_ms, NULL AS person_seconds
        FROM feed_run WHERE status <> 'OPEN'
        UNION ALL
        SELECT 'sync', feed, day, runs, requests, byte_count, rows_read, wall_ms, cpu_ms, NULL FROM feed_day
        WHERE runs > 0
        UNION ALL
        SELECT kind, nullif(feed, ''), day, times, requests, byte_count, NULL, wall_ms, cpu_ms, NULL FROM work_day
        UNION ALL
        SELECT '{REVIEW}', NULL, substr(began_at, 1, 10), 1, NULL, NULL, pairs, NULL, NULL, seconds FROM review_sitting
    ) GROUP BY kind, feed, day ORDER BY kind, feed, day"""

_SCHEMA = pa.schema(
    [
        ("kind", pa.string()),
        ("feed", pa.string()),
        ("day", pa.string()),
        ("times", pa.int64()),
        ("request_count", pa.int64()),
        ("byte_count", pa.int64()),
        ("row_count", pa.int64()),
        ("wall_seconds", pa.float64()),
        ("cpu_seconds", pa.float64()),
        ("person_seconds", pa.float64()),
    ]
)


def count(connection: duckdb.DuckDBPyConnection, ledger: Ledger) -> None:
    """Write ops.running_cost anew: one row per kind of work, feed (none of refreshes and reviews) and day (UTC)."""
    ensure_ops_schema(connection)
    columns = list(zip(*ledger.tuples(_BY_DAY), strict=True)) or [()] * len(_SCHEMA)
    rows = pa.table([pa.array(*one) for one in zip(columns, _SCHEMA.types, strict=True)], schema=_SCHEMA)
    connection.register("cost_by_day", rows)
    connection.execute("DELETE FROM ops.running_cost")
    connection.execute("INSERT INTO ops.running_cost SELECT * REPLACE (CAST(day AS DATE) AS day) FROM cost_by_day")
    connection.unregister("cost_by_day")
