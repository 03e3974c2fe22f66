"""Windows: sources that are ahead of what was read, cursors that stand or go back, reads that do not meet."""

from __future__ import annotations

from datetime import timedelta

from connectors.contract import Cursor
from pipelines.freshness.detectors.windows import cursor_regressed, silent_stop, stuck_cursor, window_gap
from pipelines.freshness.history import Run
from tests.pipelines.freshness.detectors.evidence_factory import a_failed_run, ago, an_answer, changed, only
from tests.pipelines.freshness.history_factory import CATALOG, NOON, ORDERS, a_batch, a_history, a_run

EIGHT, NINE, TEN = (f"2026-11-18T{hour}:00:00+00:00" for hour in ("08", "09", "10"))


def a_read(quarters: int, before: str | None, after: str | None, **facts: object) -> Run:
    """A good read that took the cursor from one value to another."""
    return a_run(ago(quarters), cursor_before=before, cursor_after=after, **facts)


def test_a_source_that_has_newer_rows_than_a_good_read_brought_has_stopped_silently() -> None:
    runs = [a_read(3, EIGHT, NINE), a_read(2, NINE, NINE), a_read(1, NINE, NINE)]
    newest = ["2026-11-18 09:00:00", "2026-11-18 10:00:00", "2026-11-18 10:00:00"]  # as SQLite writes them
    found = only(silent_stop(a_history(runs, answers=[an_answer(*pair) for pair in zip(runs, newest, strict=True)])))
    assert (found.verdict, found.onset, found.evidence_at) == ("FAIL", ago(2), ago(1))


def test_a_source_with_rows_of_which_none_ever_came_has_stopped_silently() -> None:
    run = a_read(1, None, None)
    assert only(silent_stop(a_history([run], answers=[an_answer(run, TEN)]))).verdict == "FAIL"


def test_a_source_that_is_idle_has_not_stopped() -> None:
    run = a_read(1, NINE, NINE)
    assert only(silent_stop(a_history([run], answers=[an_answer(run, NINE)]))).verdict == "PASS"


def test_a_source_that_was_not_read_since_or_does_not_say_is_unknown() -> None:
    asked = a_read(2, EIGHT, NINE)
    failed = a_failed_run(ago(1), "unreachable")
    later = an_answer(failed, TEN)
    assert only(silent_stop(a_history([asked, failed], answers=[later]))).verdict == "UNKNOWN"
    assert only(silent_stop(a_history([asked]))).verdict == "UNKNOWN"
    without_word = a_history([asked], answers=[an_answer(asked)], contract=CATALOG["helpdesk.comments"])
    assert only(silent_stop(without_word)).verdict == "UNKNOWN"


def test_an_endpoint_whose_probe_is_ahead_of_what_its_export_gave_has_stopped_silently() -> None:
    run = a_read(1, NINE, NINE, rows_read=0)
    said = a_history([run], answers=[an_answer(run, "2026-11-18T10:00:00Z")], contract=CATALOG["helpdesk.tickets"])
    assert only(silent_stop(said)).verdict == "FAIL"


def test_rows_that_a_lagging_window_leaves_for_later_are_not_missed() -> None:
    run = a_read(1, EIGHT, EIGHT, window_upper=NINE)
    assert only(silent_stop(a_history([run], answers=[an_answer(run, TEN)]))).verdict == "UNKNOWN"


def test_a_cursor_that_stands_while_four_reads_bring_rows_is_stuck() -> None:
    runs = [a_read(back, NINE, NINE, rows_landed=5) for back in (4, 3, 2, 1)]
    ahead = [an_answer(runs[-1], TEN)]
    found = only(stuck_cursor(a_history(runs, answers=ahead)))
    assert (found.verdict, found.rows, found.onset) == ("FAIL", 20, ago(4))
    assert only(stuck_cursor(a_history(runs[1:], answers=ahead))).verdict == "UNKNOWN"


def test_one_read_of_nothing_but_known_rows_is_stuck_where_the_source_has_newer_ones() -> None:
    again = a_read(1, NINE, NINE, rows_read=7, rows_reread=7)
    found = only(stuck_cursor(a_history([again], answers=[an_answer(again, TEN)])))
    assert (found.verdict, found.rows, found.onset) == ("FAIL", 7, ago(1))
    for read, newest in ((again, NINE), (a_read(1, NINE, NINE, rows_read=0), TEN)):
        assert only(stuck_cursor(a_history([read], answers=[an_answer(read, newest)]))).verdict == "UNKNOWN"


def test_late_corrections_of_a_source_without_newer_rows_do_not_make_its_cursor_stuck() -> None:
    runs = [a_read(back, NINE, NINE, rows_landed=5) for back in (4, 3, 2, 1)]
    assert only(stuck_cursor(a_history(runs, answers=[an_answer(runs[-1], NINE)]))).verdict == "PASS"
    quiet = [*runs[:3], a_read(1, NINE, NINE)]
    assert only(stuck_cursor(a_history(quiet))).verdict == "PASS"


def test_a_cursor_that_goes_back_or_is_lost_has_regressed() -> None:
    first = a_read(3, EIGHT, TEN)
    for before, after in ((NINE, TEN), (TEN, NINE), (None, TEN)):
        found = only(cursor_regressed(a_history([first, a_read(2, before, after)])))
        assert (found.verdict, found.onset) == ("FAIL", ago(2))


def test_a_cursor_that_stays_through_failed_and_abandoned_attempts_has_not_regressed() -> None:
    failed = a_run(ago(3), "FAILED", cursor_before=NINE, cursor_after=NINE)
    runs = [a_read(5, EIGHT, NINE), a_run(ago(4), "ABANDONED"), failed, a_read(2, NINE, TEN)]
    assert only(cursor_regressed(a_history(runs))).verdict == "PASS"
    assert only(cursor_regressed(a_history([a_run(ago(1))]))).verdict == "UNKNOWN"
    first_ever = [a_run(ago(2)), a_read(1, None, NINE)]
    assert only(cursor_regressed(a_history(first_ever))).verdict == "PASS"


def test_a_backfill_is_no_part_of_the_row_of_reads() -> None:
    backfill = a_run(ago(2), kind="backfill", cursor_before=TEN, cursor_after=TEN, window_lower=EIGHT)
    runs = [a_read(3, EIGHT, TEN), backfill, a_read(1, TEN, TEN, window_lower=NINE)]
    assert only(cursor_regressed(a_history(runs))).verdict == "PASS"
    assert only(window_gap(a_history(runs))).verdict == "PASS"


def test_a_read_that_begins_after_the_end_of_the_former_leaves_a_gap() -> None:
    former = a_read(2, EIGHT, NINE, window_lower=None)
    at_end = a_read(1, NINE, TEN, window_lower=NINE)
    past_end = a_read(1, NINE, TEN, window_lower="2026-11-18T09:00:00.000001+00:00")
    assert only(window_gap(a_history([former, at_end]))).verdict == "PASS"
    assert only(window_gap(a_history([former, past_end]))).verdict == "FAIL"
    assert only(window_gap(a_history([former]))).verdict == "UNKNOWN"


def test_what_an_attempt_landed_before_it_died_leaves_no_gap() -> None:
    former, dead = a_read(3, EIGHT, NINE), a_run(ago(2), "ABANDONED")
    after = a_read(1, TEN, TEN, window_lower=TEN)
    for landed, verdict in ((TEN, "PASS"), (NINE, "FAIL"), (None, "FAIL")):
        batch = a_batch(1, ago(2), run_id=dead.run_id, cursor_after=landed)
        assert only(window_gap(a_history([former, dead, after], [batch]))).verdict == verdict
    of_former = a_batch(1, ago(3), run_id=former.run_id, cursor_after=TEN)
    assert only(window_gap(a_history([former, dead, after], [of_former]))).verdict == "FAIL"


def test_whole_numbers_meet_as_times_do() -> None:
    contract = changed(ORDERS, cursor=Cursor(column="id", type="integer"))
    runs = [a_read(2, "9", "99"), a_read(1, "99", "120", window_lower="99")]
    assert only(window_gap(a_history(runs, contract=contract))).verdict == "PASS"
    assert only(cursor_regressed(a_history(runs, contract=contract))).verdict == "PASS"
    later = [a_read(2, "9", "99"), a_read(1, "99", "120", window_lower="100")]
    assert only(window_gap(a_history(later, contract=contract))).verdict == "FAIL"


def test_a_gap_is_told_for_a_day() -> None:
    gap = [a_read(2, EIGHT, NINE), a_read(1, NINE, TEN, window_lower=TEN)]
    hourly = [a_run(NOON + timedelta(hours=hour), cursor_before=TEN, cursor_after=TEN, window_lower=NINE)
              for hour in range(24)]  # fmt: skip
    evening, next_noon = NOON + timedelta(hours=11), NOON + timedelta(hours=24)
    assert only(window_gap(a_history([*gap, *hourly[:12]], now=evening))).verdict == "FAIL"
    assert only(window_gap(a_history([*gap, *hourly], now=next_noon))).verdict == "PASS"
