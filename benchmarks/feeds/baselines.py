"""What simpler ways of watching would have told, on the same traces: each is the rule of a tool that many use.

They see what they would see in production: the ledger's runs and counts, staging, and for the nightly reconcile the
source's keys and values. None of them learns of the oracle, except that rows which are always wrong at the source do
not count against the reconcile.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from connectors.contract import FeedContract
from pipelines.ledger.database import Ledger, moment, stamp
from warehouse.cast_sql import quoted

# Elementary's defaults: sensitivity 3, 14 days back, at least 7 points.
SENSITIVITY, DAYS_BACK, LEAST_POINTS = 3.0, 14, 7

NEVER, ALWAYS = "never", "always"
FRESHNESS_POLICY = "last materialization (Dagster's freshness policy)"
MAX_TIMESTAMP = "max(timestamp) (dbt source freshness)"
ROW_COUNT = "row count, z = 3 (Elementary's defaults)"
SUITES = "static suites (Great Expectations)"
RECONCILE = "nightly reconcile of SQL sources"


def told_by_baselines(
    ledger: Ledger,
    warehouse: Path,
    catalog: Mapping[str, FeedContract],
    now: datetime,
    is_unlike_source: Callable[[str], bool],
) -> dict[str, list[str]]:
    """Baseline → feeds on which it would raise its hand now."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        newest = {name: _newest(connection, contract) for name, contract in catalog.items()}
    rules: dict[str, Callable[[FeedContract], bool]] = {
        NEVER: lambda _: False,
        ALWAYS: lambda _: True,
        FRESHNESS_POLICY: lambda contract: _is_stale(contract, _last_success(ledger, contract.feed), now),
        MAX_TIMESTAMP: lambda contract: _is_stale(contract, newest[contract.feed], now),
        ROW_COUNT: lambda contract: _is_unusual(ledger, contract.feed, now),
        SUITES: lambda contract: _broke_a_rule(ledger, contract.feed, now),
        RECONCILE: lambda contract: contract.source.kind == "sql" and is_unlike_source(contract.feed),
    }
    return {name: [feed for feed, contract in catalog.items() if is_told(contract)] for name, is_told in rules.items()}


def _is_stale(contract: FeedContract, newest: datetime | None, now: datetime) -> bool:
    """Beyond promise and grace; nothing at all is stale too, as dbt has it."""
    return newest is None or now - newest > contract.freshness.promise + contract.freshness.grace


def _last_success(ledger: Ledger, feed: str) -> datetime | None:
    row = ledger.row(
        "SELECT max(ended_at) AS at FROM feed_run WHERE feed = ? AND status IN ('OK', 'EMPTY_OK', 'PARTIAL')", feed
    )
    return moment(row["at"]) if row else None


def _newest(connection: duckdb.DuckDBPyConnection, contract: FeedContract) -> datetime | None:
    """The newest change in staging, or event where rows have no time of change."""
    event = contract.canonical.event_time
    found = f"coalesce(max(_changed_at), {f'max({quoted(event)})' if event else 'max(_landed_at)'})"
    ((value,),) = connection.execute(
        f"SELECT {found} FROM staging.{quoted(contract.entity)} WHERE _feed = ?", [contract.feed]
    ).fetchall()
    return value.replace(tzinfo=UTC) if value else None


def _is_unusual(ledger: Ledger, feed: str, now: datetime) -> bool:
    """Rows landed in the last day, against those of each of the days before."""

    def rows_of_day(back: int) -> int | None:
        until = now - timedelta(days=back)
        row = ledger.row(
            "SELECT sum(rows_landed) AS rows FROM feed_run WHERE feed = ? AND started_at > ? AND started_at <= ?",
            feed,
            stamp(until - timedelta(days=1)),
            stamp(until),
        )
        return row["rows"] if row else None

    today = rows_of_day(0) or 0
    before = [rows for back in range(1, DAYS_BACK + 1) if (rows := rows_of_day(back)) is not None]
    if len(before) < LEAST_POINTS:
        return False
    spread = statistics.stdev(before)
    return spread > 0 and abs(today - statistics.fmean(before)) / spread > SENSITIVITY


def _broke_a_rule(ledger: Ledger, feed: str, now: datetime) -> bool:
    row = ledger.row(
        "SELECT count(*) AS n FROM check_result WHERE feed = ? AND checked_at > ? AND verdict = 'FAIL'",
        feed,
        stamp(now - timedelta(hours=12)),
    )
    return bool(row and row["n"])
