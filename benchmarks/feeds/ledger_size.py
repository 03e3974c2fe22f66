"""How large the ledger grows in a year of feeds that sync every quarter of an hour, and what a round of watching costs.

    python benchmarks/feeds/ledger_size.py [--feeds 12] [--days 365]

Virtual time, the real ledger and its own functions; only it commits once a day, without fsync. In fourteen hours of the
day each sync brings rows, at night none.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.progress import track

from connectors.catalog import load_catalog
from connectors.contract import FeedContract
from pipelines.alerts.triage import triage
from pipelines.freshness.evaluate import evaluate
from pipelines.freshness.retraining import FEEDS_A_ROUND
from pipelines.ledger import batches, evidence, profiles, retention, runs
from pipelines.ledger.database import Ledger

START = datetime(2026, 1, 1, tzinfo=UTC)
INTERVAL = timedelta(minutes=15)
BUSY_HOURS = range(7, 21)
CHECKS = 15  # rules of a suite
COLUMNS = 15


class DailyLedger(Ledger):
    """The ledger, committed once a day: a commit for each fact is most of what a simulation costs."""

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A part of the day's one transaction."""
        yield self._connection

    @contextmanager
    def day(self) -> Iterator[None]:
        """One day."""
        self.write("BEGIN")
        yield
        self.write("COMMIT")


def main() -> None:
    """Simulate, print the size of the file by month, its heaviest tables, and the time of an ordinary round."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--feeds", type=int, default=12)
    parser.add_argument("--days", type=int, default=365)
    asked = parser.parse_args()
    catalog = dict(list(load_catalog().items())[: asked.feeds])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        with DailyLedger(path) as ledger:
            ledger.write("PRAGMA synchronous=OFF")
            for day in track(range(asked.days), description="days"):
                with ledger.day():
                    live(ledger, list(catalog), START + timedelta(days=day))
                    retention.forget_if_due(ledger, START + timedelta(days=day + 1))
                if day % 30 == 29:
                    print(f"day {day + 1}: {megabytes(path):.1f} MB")
        with Ledger(path) as ledger:
            print(f"{asked.feeds} feeds, {asked.days} days: {megabytes(path):.1f} MB")
            for table, size in weights(ledger):
                print(f"  {size:6.2f} MB {table}")
            print_round(ledger, catalog, START + timedelta(days=asked.days))


def weights(ledger: Ledger) -> list[tuple[str, float]]:
    """(table, MB with its indexes) of the ten heaviest tables."""
    return ledger.tuples(
        """SELECT tbl_name, sum(pgsize) / 1e6 FROM dbstat JOIN sqlite_master USING (name)
           GROUP BY tbl_name ORDER BY 2 DESC LIMIT 10"""
    )


def print_round(ledger: Ledger, catalog: dict[str, FeedContract], now: datetime) -> None:
    """Print the processor time of a round of watching, once all bands are trained; the best of three."""
    for turn in range(-(-len(catalog) // FEEDS_A_ROUND)):
        evaluate(ledger, catalog, now + turn * timedelta(minutes=1))
    rounds = []
    for turn in range(3):
        began = time.process_time()
        findings = evaluate(ledger, catalog, now + timedelta(hours=1, minutes=turn))
        looked = time.process_time() - began
        triage(ledger, catalog, findings, now + timedelta(hours=1, minutes=turn))
        rounds.append((time.process_time() - began, looked))
    whole, looked = min(rounds)
    print(f"a round of watching: {whole:.2f} CPU s, of which evaluating {looked:.2f}")


def live(ledger: Ledger, feeds: list[str], day: datetime) -> None:
    """One day of every feed."""
    chance = random.Random(day.toordinal())
    for tick in range(int(timedelta(days=1) / INTERVAL)):
        at = day + tick * INTERVAL
        for feed in feeds:
            sync(ledger, feed, at, rows=chance.randint(1, 40) if at.hour in BUSY_HOURS else 0)


def sync(ledger: Ledger, feed: str, at: datetime, rows: int) -> None:
    """What one sync of one feed writes down."""
    run_id = runs.next_run_id(ledger, feed)
    runs.open_run(ledger, runs.RunOpening(run_id, feed, "live", 1, "0123456789ab", at), "{}")
    cursor = at.isoformat()
    if rows:
        land(ledger, feed, run_id, at, rows)
    identity, clock = "postgresql://db.example:5432/shop", at
    evidence.record_probe(
        ledger, feed, run_id, now=at, identity=identity, clock=clock, row_count=100_000, newest=cursor
    )
    closing = runs.RunClosing(
        "OK" if rows else "EMPTY_OK", at + timedelta(seconds=2), window_lower=cursor, cursor_before=cursor,
        cursor_after=cursor, source_identity=identity, clock_offset_seconds=0.2, rows_landed=rows, rows_reread=3,
        rows_read=rows + 3, requests=5, byte_count=12_345, wall_ms=812, cpu_ms=365,
    )  # fmt: skip
    runs.close_run(ledger, run_id, closing)


def land(ledger: Ledger, feed: str, run_id: str, at: datetime, rows: int) -> None:
    """What one batch writes down from landing to staging."""
    seq, cursor = batches.last_batch_seq(ledger, feed) + 1, at.isoformat()
    batch_id = f"{feed}-{seq:08d}"
    record = batches.BatchRecord(
        batch_id, feed, seq, "window", rows, 0, None, 0, "0" * 64, "0" * 16, cursor, cursor, cursor, None, None,
        "postgresql://db.example:5432/shop", cursor, None, None, None,
    )  # fmt: skip
    with ledger.transaction() as connection:
        batches.add_batch(connection, record, run_id)
    checks = [
        evidence.CheckRecord(f"orders.column_{n}.rule", f"column_{n}", "stop", "PASS", rows, 0, "a reason to say so")
        for n in range(CHECKS)
    ]
    evidence.record_checks(ledger, feed, batch_id, checks, at)
    seen = [
        profiles.ColumnProfile(
            batch_id, f"column_{n}", rows, 1, rows, top=2**60, top_count=3, low=1.0, high=99.0, q05=2.0, q50=50.0,
            q95=98.0, mean=50.5, zeros=0, longest=20, at_longest=1, common_length=12, at_common_length=9,
            damaged=0, questioned=0,
        )
        for n in range(COLUMNS)
    ]  # fmt: skip
    profiles.record_profiles(ledger, feed, seen, at)
    for clock in ("event", "change"):
        evidence.advance_mark(ledger, feed, stage="staged", clock=clock, value=at, run_id=batch_id, now=at)
    batches.mark_staged(ledger, batch_id, feed, batches.Tally(rows, rows, 0, 0, 0, 0, 0, 0), at)


def megabytes(path: Path) -> float:
    """Size of the ledger with its log."""
    return sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*")) / 1e6


if __name__ == "__main__":
    main()
