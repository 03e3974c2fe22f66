"""Versions: rows that come twice, too late, all at once, or from a copy that is behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pipelines.freshness.detectors.versions import bulk_restamp, duplicate_rows, lagging_replica, regressions
from pipelines.freshness.history import FeedHistory
from tests.pipelines.freshness.contents_factory import a_breach
from tests.pipelines.freshness.detectors.evidence_factory import ago, an_answer, only
from tests.pipelines.freshness.history_factory import CATALOG, NOON, a_batch, a_history, a_run


def with_batch(rows: int, **tally: int) -> FeedHistory:
    return a_history([a_run(ago(1))], [a_batch(1, ago(1), rows, **tally)])


def test_one_row_in_twenty_twice_is_told_and_everyday_dirt_is_not() -> None:
    assert only(duplicate_rows(with_batch(100, rows_duplicate=5))).verdict == "FAIL"
    assert only(duplicate_rows(with_batch(101, rows_duplicate=5))).verdict == "PASS"
    assert only(duplicate_rows(with_batch(3, rows_duplicate=1))).verdict == "PASS"
    assert only(duplicate_rows(a_history())).verdict == "UNKNOWN"


def test_a_good_batch_does_not_hide_a_bad_one_of_the_same_day() -> None:
    bad, good = a_batch(1, ago(2), 100, rows_duplicate=50), a_batch(2, ago(1), 100)
    assert only(duplicate_rows(a_history([], [bad, good]))).onset == ago(2)
    later = a_history([], [bad, good], now=NOON + timedelta(days=1))
    assert only(duplicate_rows(later)).verdict == "PASS"


def test_rows_that_are_older_than_what_is_here_are_a_warning_and_many_are_told() -> None:
    assert only(regressions(with_batch(100))).verdict == "PASS"
    assert only(regressions(with_batch(100, rows_refused=4))).verdict == "WARN"
    found = only(regressions(with_batch(100, rows_refused=5)))
    assert (found.verdict, found.rows) == ("FAIL", 5)
    assert only(regressions(a_history())).verdict == "UNKNOWN"


def test_old_rows_of_a_file_that_fills_a_gap_are_no_news() -> None:
    def verdict(*numbers: int) -> str:
        files = [a_batch(place, ago(10 - place), 10, sequence=number) for place, number in enumerate(numbers)]
        return only(regressions(a_history([], [*files[:-1], replace(files[-1], rows_refused=9)]))).verdict

    assert verdict(5, 7, 6) == "PASS"
    assert verdict(5, 6, 7) == "FAIL"
    assert verdict(998, 999, 1) == "FAIL"


def test_a_change_of_half_a_table_is_no_business_event() -> None:
    def verdict(changed: int, rows: int, feed: str = "shop.orders") -> str:
        run = a_run(ago(1))
        batch = a_batch(1, ago(1), changed, rows_new=0, rows_changed=changed)
        history = a_history([run], [batch], [an_answer(run, rows=rows)], contract=CATALOG[feed])
        return only(bulk_restamp(history)).verdict

    assert [verdict(5_000, 10_000), verdict(4_999, 10_000), verdict(999, 1_000)] == ["FAIL", "PASS", "PASS"]
    assert verdict(5_000, 10_000, "mailer.activity") == "UNKNOWN"
    assert only(bulk_restamp(a_history())).verdict == "UNKNOWN"


def test_a_table_of_which_more_is_deleted_than_the_contract_lets_go_at_once_is_told_however_small_it_is() -> None:
    def verdict(deleted: int, rows: int) -> str:
        run = a_run(ago(1))
        batch = a_batch(1, ago(1), deleted, rows_new=0, rows_changed=deleted, rows_deleted=deleted)
        return only(bulk_restamp(a_history([run], [batch], [an_answer(run, rows=rows)]))).verdict

    assert CATALOG["shop.orders"].deletes.max_shrink == 0.5
    assert [verdict(501, 1_000), verdict(500, 1_000)] == ["FAIL", "PASS"]
    assert [verdict(100, 199), verdict(99, 100)] == ["FAIL", "PASS"]


def test_a_small_table_that_is_stamped_anew_is_told_once_and_not_where_it_always_is() -> None:
    def verdict(*stamped: int, rows: int = 300) -> str:
        batches = [
            a_batch(seq, NOON - timedelta(days=len(stamped) - seq), 290, rows_new=0, rows_changed=290)
            for seq in range(1, len(stamped) + 1)
        ]
        breaches = {
            batch.batch_id: [a_breach("restamped", count, columns="updated_at")]
            for batch, count in zip(batches, stamped, strict=True)
        }
        run = a_run(NOON)
        history = a_history([run], batches, [an_answer(run, rows=rows)], now=NOON + timedelta(hours=1))
        return only(bulk_restamp(replace(history, breaches=breaches))).verdict

    assert verdict(0, 0, 290) == "FAIL"
    assert verdict(0, 0, 149) == "PASS"  # most changed in something
    assert verdict(0, 290, 290) == "PASS"
    assert verdict(0, 99, rows=100) == "PASS"


def said(*answers: tuple[str, int]) -> FeedHistory:
    """What a source said in runs a quarter of an hour apart: newest hour and number of rows."""
    runs = [a_run(ago(len(answers) - place)) for place in range(len(answers))]
    return a_history(
        runs,
        answers=[
            an_answer(run, f"2026-11-18T{time}:00Z", rows) for run, (time, rows) in zip(runs, answers, strict=True)
        ],
    )


def test_a_copy_that_is_behind_goes_on_at_its_distance() -> None:
    found = only(lagging_replica(said(("10:00", 100), ("09:00", 80), ("09:15", 85))))
    assert (found.verdict, found.onset) == ("FAIL", ago(2))
    assert only(lagging_replica(said(("10:00", 100), ("09:00", 80)))).verdict == "WARN"
    assert only(lagging_replica(said(("10:00", 100), ("09:00", 80), ("10:30", 110)))).verdict == "PASS"


def test_a_heartbeat_older_than_the_contract_allows_is_a_copy_that_is_behind() -> None:
    def seen(minutes: int) -> FeedHistory:
        run = a_run(ago(1))
        return a_history([run], answers=[replace(an_answer(run), heartbeat=ago(1) - timedelta(minutes=minutes))])

    assert only(lagging_replica(seen(60))).verdict == "PASS"
    late = only(lagging_replica(seen(61)))
    assert (late.verdict, late.onset) == ("FAIL", ago(1))


def test_what_a_heartbeat_says_goes_before_what_newest_rows_seem_to_say() -> None:
    history = said(("10:00", 100), ("09:00", 80), ("09:15", 85))
    alive = tuple(replace(answer, heartbeat=answer.probed_at) for answer in history.answers)
    assert only(lagging_replica(replace(history, answers=alive))).verdict == "PASS"


def test_deleted_rows_and_archived_rows_do_not_make_a_copy_that_is_behind() -> None:
    assert only(lagging_replica(said(("10:00", 100), ("10:00", 60)))).verdict == "PASS"
    assert only(lagging_replica(said(("10:00", 100), ("09:00", 100)))).verdict == "PASS"
    newest_deleted = said(("10:00", 100), ("09:45", 99), ("10:10", 100))
    assert only(lagging_replica(newest_deleted)).verdict == "PASS"
    assert only(lagging_replica(said(("10:00", 100)))).verdict == "UNKNOWN"
