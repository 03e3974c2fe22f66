"""The ledger forgets the detail of months ago and nothing that anybody still needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.catalog import load_catalog
from pipelines.freshness.status import feed_status
from pipelines.ledger import batches, evidence, retention, runs
from pipelines.ledger.batches import BatchRecord, Tally
from pipelines.ledger.breaches import BreachRecord, codes_since, read_breaches, record_breaches
from pipelines.ledger.database import Ledger
from pipelines.ledger.profiles import ColumnProfile, profiles_by_batch, record_profiles

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FEED = "shop.orders"
CONTRACT = load_catalog()[FEED]


def day(ledger: Ledger, back: int, *, is_staged: bool = True, file_name: str | None = None) -> str:
    """A run so many days ago that landed one batch of ten rows, nine of them new."""
    at = NOW - timedelta(days=back)
    run_id = runs.next_run_id(ledger, FEED)
    runs.open_run(ledger, runs.RunOpening(run_id, FEED, "live", 1, "v1", at), "{}")
    seq = batches.last_batch_seq(ledger, FEED) + 1
    batch_id = f"{FEED}-{seq:08d}"
    record = BatchRecord(
        batch_id, FEED, seq, "orders", 10, 0, None, 0, "sha", "f", None, at.isoformat(), at.isoformat(), None, None,
        "db", at.isoformat(), file_name, None, None,
    )  # fmt: skip
    with ledger.transaction() as connection:
        batches.add_batch(connection, record, run_id)
    if is_staged:
        batches.mark_staged(ledger, batch_id, FEED, Tally(10, 9, 0, 0, 1, 0, 0, 0), at)
        evidence.advance_mark(ledger, FEED, stage="staged", clock="event", value=at, run_id=batch_id, now=at)
    runs.close_run(ledger, run_id, runs.RunClosing("OK", at, rows_landed=10, rows_reread=0))
    return batch_id


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.db")


def count(ledger: Ledger, table: str) -> int:
    row = ledger.row(f"SELECT count(*) AS n FROM {table}")
    assert row is not None
    return int(row["n"])


def test_what_is_older_than_five_weeks_becomes_sums_by_day(ledger: Ledger) -> None:
    for back in (60, 60, 50, 20, 1):
        day(ledger, back)
    retention.forget(ledger, NOW)
    assert (count(ledger, "feed_run"), count(ledger, "feed_batch"), count(ledger, "stage_tally")) == (2, 2, 2)
    days = ledger.rows("SELECT day, runs, rows_landed, batches, rows_in, rows_new FROM feed_day ORDER BY day")
    assert [tuple(row) for row in days] == [("2026-09-21", 2, 20, 2, 20, 18), ("2026-10-01", 1, 10, 1, 10, 9)]


def test_status_and_the_reason_to_refresh_are_the_same_before_and_after(ledger: Ledger) -> None:
    for back in (60, 50, 1):
        day(ledger, back)
    before = feed_status(ledger, CONTRACT, NOW), batches.staging_version(ledger)
    assert retention.forget(ledger, NOW) > 0
    assert (feed_status(ledger, CONTRACT, NOW), batches.staging_version(ledger)) == before
    assert before[0].rows_staged == 27


def test_a_batch_that_is_forgotten_is_not_taken_for_one_that_a_crash_left(ledger: Ledger) -> None:
    ids = [day(ledger, back) for back in (60, 50, 1)]
    retention.forget(ledger, NOW)
    assert batches.unknown_batches(ledger, FEED, [*ids, f"{FEED}-00000004"]) == [f"{FEED}-00000004"]


def test_what_is_not_staged_and_the_names_of_files_are_never_forgotten(ledger: Ledger) -> None:
    day(ledger, 70)
    waiting = day(ledger, 60, is_staged=False)
    day(ledger, 50)
    day(ledger, 1)
    retention.forget(ledger, NOW)
    # The one behind a batch that waits stays, too: batches are forgotten in their order.
    assert min(row["batch_id"] for row in ledger.rows("SELECT batch_id FROM feed_batch")) == waiting
    assert count(ledger, "feed_batch") == 3


def test_files_are_recognised_however_old_their_batch(ledger: Ledger) -> None:
    day(ledger, 60, file_name="notes.csv")
    day(ledger, 1, file_name="more.csv")
    retention.forget(ledger, NOW)
    assert count(ledger, "feed_batch") == 2


def test_a_feed_that_stopped_keeps_its_last_run_and_its_marks(ledger: Ledger) -> None:
    day(ledger, 90)
    day(ledger, 80)
    retention.forget(ledger, NOW)
    assert (count(ledger, "feed_run"), count(ledger, "high_water_mark"), count(ledger, "feed_batch")) == (1, 1, 1)
    assert runs.next_run_id(ledger, FEED).endswith("-00000003")


def test_it_forgets_once_a_day(ledger: Ledger) -> None:
    day(ledger, 60)
    assert retention.forget_if_due(ledger, NOW) is not None
    assert retention.forget_if_due(ledger, NOW + timedelta(hours=23)) is None
    assert retention.forget_if_due(ledger, NOW + timedelta(hours=24)) is not None


def test_a_run_that_brought_nothing_is_kept_for_a_week(ledger: Ledger) -> None:
    for back in (8, 6, 1):
        at = NOW - timedelta(days=back)
        run_id = runs.next_run_id(ledger, FEED)
        runs.open_run(ledger, runs.RunOpening(run_id, FEED, "live", 1, "v1", at), "{}")
        runs.close_run(ledger, run_id, runs.RunClosing("EMPTY_OK", at))
    retention.forget(ledger, NOW)
    assert count(ledger, "feed_run") == 2
    assert [tuple(row) for row in ledger.rows("SELECT runs, runs_empty FROM feed_day")] == [(1, 1)]


def test_profiles_and_breaches_go_with_the_batches_that_they_tell_of(ledger: Ledger) -> None:
    for back in (40, 20):
        at = NOW - timedelta(days=back)
        record_profiles(ledger, FEED, [ColumnProfile(f"b{back}", "city", rows=1, nulls=0, distinct=1)], at)
        record_breaches(ledger, FEED, [BreachRecord(f"b{back}", "test_row", "test_row", "", "", 1)], at)
    day(ledger, 1)
    retention.forget(ledger, NOW)
    long_ago = NOW - timedelta(days=99)
    assert list(profiles_by_batch(ledger, FEED, long_ago)) == ["b20"]
    assert [breach.batch_id for breach in read_breaches(ledger, FEED, long_ago)] == ["b20"]


def test_when_a_code_first_came_is_never_forgotten(ledger: Ledger) -> None:
    for back, code in ((300, "c1"), (200, "c1"), (100, "c2"), (10, "c1")):
        found = [BreachRecord(f"b{back}", "unknown_code", "", "status", code, 1)]
        record_breaches(ledger, FEED, found, NOW - timedelta(days=back))
    day(ledger, 1)
    retention.forget(ledger, NOW)
    assert codes_since(ledger, FEED) == {
        ("status", "c1"): NOW - timedelta(days=300),
        ("status", "c2"): NOW - timedelta(days=100),
    }
    assert count(ledger, "batch_breach") == 3
