"""The status of a feed follows from evidence in the ledger, and no evidence is never fresh."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.contract import FeedContract
from pipelines.alerts.triage import triage
from pipelines.freshness.finding import Finding
from pipelines.freshness.status import CLOCK_TOLERANCE, feed_status, next_due
from pipelines.ledger import batches, evidence, runs
from pipelines.ledger.database import Ledger
from pipelines.ledger.evidence import Verdict
from pipelines.ledger.findings import FindingRecord, record_findings

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def contract(**changes: object) -> FeedContract:
    body: dict[str, object] = {
        "feed": "shop.orders",
        "description": "Orders.",
        "grain": "One row per order.",
        "owner": "team:shop",
        "schedule": "0 6 * * *",
        "freshness": {"promise": "24h", "grace": "6h"},
        "source": {"kind": "sql", "connection": "SHOP_URL", "table": "orders"},
        "cursor": {"column": "changed"},
        "columns": {"order_id": "id", "ordered_at": "changed"},
    }
    return FeedContract.model_validate(body | changes)


class History:
    """What a feed went through, written to a real ledger."""

    def __init__(self, folder: Path, feed_contract: FeedContract | None = None) -> None:
        self.ledger = Ledger(folder / "ledger.db")
        self.contract = feed_contract or contract()
        self.feed = self.contract.feed
        self.looks = 0

    def run(self, at: datetime, status: runs.RunStatus, error: str | None = None) -> None:
        run_id = runs.next_run_id(self.ledger, self.feed)
        runs.open_run(self.ledger, runs.RunOpening(run_id, self.feed, "live", 1, "v1", at), "{}")
        runs.close_run(self.ledger, run_id, runs.RunClosing(status=status, ended_at=at, error=error))

    def staged(self, until: datetime) -> None:
        evidence.advance_mark(
            self.ledger, self.feed, stage="staged", clock="event", value=until, run_id="b1", now=until
        )

    def probed(self, newest: str | None, at: datetime) -> None:
        evidence.record_probe(
            self.ledger, self.feed, "r", now=at, identity="db", clock=None, row_count=None, newest=newest
        )

    def landed(self, cursor_high: str) -> None:
        record = batches.BatchRecord(
            "b1", self.feed, 1, "orders", 1, 0, None, 0, None, "f", None, cursor_high, cursor_high, None, None, "db",
            "2026-11-01T00:00:00+00:00", None, None, None,
        )  # fmt: skip
        with self.ledger.transaction() as connection:
            batches.add_batch(connection, record, None)

    def status(self, now: datetime = NOON) -> tuple[str, str]:
        found = feed_status(self.ledger, self.contract, now)
        return found.status, found.reason


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path)


def test_a_feed_of_which_nothing_was_staged_is_never_even_when_its_runs_succeed(history: History) -> None:
    assert history.status()[0] == "NEVER"
    history.run(NOON, "EMPTY_OK")
    assert history.status()[0] == "NEVER"


def test_data_within_the_promise_and_a_good_run_are_fresh(history: History) -> None:
    history.run(NOON, "OK")
    history.staged(NOON - timedelta(hours=24))
    assert history.status()[0] == "FRESH"


def test_old_data_without_word_from_the_source_are_unknown_and_not_fresh(history: History) -> None:
    history.run(NOON, "EMPTY_OK")
    history.staged(NOON - timedelta(hours=25))
    assert history.status()[0] == "UNKNOWN"


def test_old_data_are_idle_when_the_source_has_nothing_newer(history: History) -> None:
    history.run(NOON, "EMPTY_OK")
    history.staged(NOON - timedelta(hours=25))
    history.landed("2026-11-20T11:00:00+00:00")
    history.probed("2026-11-20 11:00:00", NOON)
    assert history.status()[0] == "IDLE"


@pytest.mark.parametrize("failure", ["stale_source", "lagging_replica"])
def test_old_data_are_not_idle_while_the_source_is_itself_behind(history: History, failure: str) -> None:
    history.run(NOON, "OK")
    history.staged(NOON - timedelta(hours=30))
    history.landed("2026-11-20T06:00:00.000000Z")
    history.probed("2026-11-20T06:00:00.000000Z", NOON)
    found(history, failure, "FAIL")
    assert history.status()[0] == "LATE"
    assert history.status(NOON + timedelta(seconds=1))[0] == "STALE"
    found(history, failure, "PASS")
    assert history.status()[0] == "IDLE"


def test_old_data_are_not_idle_when_the_source_has_newer_ones(history: History) -> None:
    history.run(NOON, "EMPTY_OK")
    history.staged(NOON - timedelta(hours=25))
    history.landed("2026-11-20T11:00:00+00:00")
    history.probed("2026-11-21T11:30:00+00:00", NOON)
    assert history.status()[0] == "UNKNOWN"


def test_a_failed_attempt_is_late_at_once_and_says_why(history: History) -> None:
    history.run(NOON - timedelta(hours=1), "OK")
    history.staged(NOON - timedelta(hours=1))
    history.run(NOON, "FAILED", "the password was refused")
    assert history.status() == ("LATE", "the password was refused")


def test_a_failed_attempt_makes_no_status_better(history: History, tmp_path: Path) -> None:
    source = {"kind": "files", "connection": "DROP", "pattern": "*.csv", "format": "csv"}
    (tmp_path / "drop").mkdir()
    dropped = History(tmp_path / "drop", contract(cursor=None, source=source))
    for feed, before in ((dropped, "STALE"), (history, "UNKNOWN")):
        feed.run(NOON - timedelta(hours=1), "EMPTY_OK")
        feed.staged(NOON - timedelta(hours=40))
        assert feed.status()[0] == before
        feed.run(NOON, "FAILED", "the folder is not there")
        assert feed.status() == (before, "the folder is not there")


def test_a_feed_that_nobody_reads_goes_late_and_then_stale_by_itself(history: History) -> None:
    history.run(NOON, "OK")
    history.staged(NOON)
    assert history.status(NOON + timedelta(hours=24))[0] == "FRESH"
    assert history.status(NOON + timedelta(hours=25))[0] == "LATE"
    assert history.status(NOON + timedelta(hours=31))[0] == "STALE"


def test_an_incomplete_read_is_partial(history: History) -> None:
    history.run(NOON, "OK")
    history.staged(NOON)
    history.run(NOON, "PARTIAL", "claims 3 rows and holds 1")
    assert history.status() == ("PARTIAL", "claims 3 rows and holds 1")


@pytest.mark.parametrize("last", ["OK", "FAILED"])
def test_a_clock_before_the_last_read_knows_nothing_of_ages_and_is_never_fresh(
    history: History, last: runs.RunStatus
) -> None:
    history.staged(NOON)
    history.run(NOON, "OK")
    history.run(NOON, last)
    status, reason = history.status(NOON - timedelta(hours=3))
    assert status == "UNKNOWN"
    assert reason == (
        "the clock stands 3 h before 2026-11-21 12:00 UTC, when the feed was last read; set this machine's clock right"
    )
    found = feed_status(history.ledger, history.contract, NOON - timedelta(hours=3))
    assert found.data_age(NOON - timedelta(hours=3)) is None


def test_a_failed_attempt_after_the_clock_shows_that_it_is_wrong_too(history: History) -> None:
    history.staged(NOON)
    history.run(NOON, "OK")
    history.run(NOON + timedelta(days=2), "FAILED", "no route")
    assert history.status(NOON + timedelta(hours=1))[0] == "UNKNOWN"


def test_clocks_that_differ_by_seconds_are_no_reason_for_doubt(history: History) -> None:
    history.staged(NOON)
    history.run(NOON, "OK")
    assert history.status(NOON - CLOCK_TOLERANCE)[0] == "FRESH"
    assert history.status(NOON - CLOCK_TOLERANCE - timedelta(seconds=1))[0] == "UNKNOWN"
    assert feed_status(history.ledger, history.contract, NOON).data_age(NOON - CLOCK_TOLERANCE) == timedelta(0)


def test_a_held_batch_outranks_everything(history: History) -> None:
    history.run(NOON, "OK")
    history.staged(NOON)
    history.landed("2026-11-20T11:00:00+00:00")
    batches.mark_held(history.ledger, "b1", "it lacks 90 of 100 rows")
    assert history.status() == ("HELD", "it lacks 90 of 100 rows")


def test_a_full_read_shows_the_source_as_it_was_then_however_old_its_rows_are(tmp_path: Path) -> None:
    history = History(tmp_path, contract(cursor=None, delivery="snapshot"))
    history.run(NOON, "EMPTY_OK")
    history.staged(NOON - timedelta(days=400))
    assert history.status()[0] == "FRESH"


def test_a_drop_folder_without_a_new_file_is_late_then_stale(tmp_path: Path) -> None:
    source = {"kind": "files", "connection": "DROP", "pattern": "*.csv", "format": "csv"}
    history = History(tmp_path, contract(cursor=None, source=source))
    history.run(NOON, "EMPTY_OK")
    history.staged(NOON - timedelta(hours=25))
    assert history.status()[0] == "LATE"
    history.run(NOON + timedelta(hours=6), "EMPTY_OK")
    assert history.status(NOON + timedelta(hours=6))[0] == "STALE"


def test_a_run_whose_process_died_is_abandoned_by_the_next_and_counts_as_neither_good_nor_bad(history: History) -> None:
    history.run(NOON, "OK")
    history.staged(NOON)
    run_id = runs.next_run_id(history.ledger, history.feed)
    runs.open_run(history.ledger, runs.RunOpening(run_id, history.feed, "live", 2, "v1", NOON), "{}")
    assert history.status()[0] == "FRESH"
    history.run(NOON, "EMPTY_OK")
    statuses = [row["status"] for row in history.ledger.rows("SELECT status FROM feed_run ORDER BY run_id")]
    assert statuses == ["OK", "ABANDONED", "EMPTY_OK"]


def test_the_next_due_time_is_read_in_the_zone_of_the_contract() -> None:
    berlin = contract(timezone="Europe/Berlin")
    assert next_due(berlin, NOON) == datetime(2026, 11, 22, 5, tzinfo=UTC)
    before_the_clocks_change = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert next_due(berlin, before_the_clocks_change) == datetime(2026, 10, 25, 5, tzinfo=UTC)


def found(history: History, failure: str, verdict: Verdict, segment: str = "") -> None:
    """A look that found something, the alert moved by it. Evidence of the next look is always newer."""
    history.looks += 1
    at = NOON + timedelta(minutes=history.looks)
    finding = Finding(history.feed, failure, verdict, "12 rows", segment=segment, evidence_at=at)
    record = FindingRecord(history.feed, failure, segment, verdict, "12 rows", 12, None, at, {}, "v1")
    record_findings(history.ledger, [record], at)
    triage(history.ledger, {history.feed: history.contract}, [finding], at)


def test_a_feed_whose_rows_are_known_to_be_missing_is_partial_though_it_was_read(history: History) -> None:
    history.run(NOON, "OK")
    history.staged(NOON)
    assert history.status()[0] == "FRESH"
    found(history, "rows_missing", "FAIL")
    status, reason = history.status()
    assert status == "PARTIAL"
    assert "12 rows" in reason
    found(history, "rows_missing", "UNKNOWN")
    assert history.status()[0] == "PARTIAL"
    found(history, "rows_missing", "PASS")
    assert history.status()[0] == "FRESH"


def test_a_feed_is_partial_while_rows_of_another_one_are_told_to_wait_for_it(history: History) -> None:
    history.run(NOON, "OK")
    history.staged(NOON)
    waits = Finding(
        "shop.payments", "orphans", "FAIL", "5 rows wait", segment="order_id", evidence={"parent": history.feed}
    )
    triage(history.ledger, {}, [waits], NOON)
    assert history.status() == ("PARTIAL", "shop.payments: 5 rows wait")
    triage(history.ledger, {}, [replace(waits, verdict="PASS", evidence_at=NOON + timedelta(hours=1))], NOON)
    assert history.status()[0] == "FRESH"


def test_what_is_learned_spoils_a_status_only_when_it_was_seen_twice(history: History) -> None:
    history.run(NOON, "OK")
    history.staged(NOON)
    found(history, "unit_changed", "FAIL")
    assert history.status()[0] == "FRESH"
    found(history, "unit_changed", "FAIL")
    assert history.status()[0] == "PARTIAL"


def test_what_only_comes_late_spoils_no_status(history: History) -> None:
    history.run(NOON, "OK")
    history.staged(NOON)
    found(history, "late", "FAIL")
    assert history.status()[0] == "FRESH"


def test_a_feed_is_complete_only_by_a_reconcile(history: History) -> None:
    def said() -> bool | None:
        return feed_status(history.ledger, history.contract, NOON).is_complete

    assert said() is None
    found(history, "rows_missing", "PASS")
    assert said() is True
    found(history, "rows_extra", "UNKNOWN")
    assert said() is None
    found(history, "rows_extra", "FAIL")
    assert said() is False


def test_a_part_that_once_differed_leaves_a_feed_complete_when_a_later_look_finds_none_differing(
    history: History,
) -> None:
    found(history, "rows_missing", "FAIL", segment="orders-1.csv")
    assert feed_status(history.ledger, history.contract, NOON).is_complete is False
    found(history, "rows_missing", "PASS")
    assert feed_status(history.ledger, history.contract, NOON).is_complete is True


def test_numbers_of_a_cursor_are_compared_as_numbers(tmp_path: Path) -> None:
    numbered = History(tmp_path, contract(cursor={"column": "id", "type": "integer"}))
    numbered.run(NOON, "EMPTY_OK")
    numbered.staged(NOON - timedelta(days=3))
    numbered.landed("100")
    numbered.probed("99", NOON)  # as text, 99 comes after 100
    assert numbered.status()[0] == "IDLE"
