"""Extent: reads that end early, pages that repeat rows, counts at which a source stops."""

from __future__ import annotations

from pipelines.freshness.detectors.attempts import failing
from pipelines.freshness.detectors.extent import capped, incomplete_read, pages_disagree
from pipelines.freshness.history import Run
from tests.pipelines.freshness.detectors.evidence_factory import a_failed_run, ago, an_answer, changed, only
from tests.pipelines.freshness.history_factory import ORDERS, a_history, a_run


def a_read(quarters: int, rows: int, landed: int = 1, **facts: object) -> Run:
    """A good read of so many rows."""
    return a_run(ago(quarters), rows_read=rows, rows_landed=landed, **facts)


def test_a_total_that_does_not_come_out_is_no_read_that_ended_early() -> None:
    found = only(incomplete_read(a_history([a_run(ago(1)), a_failed_run(ago(0), "totals", "PARTIAL")])))
    assert found.verdict == "UNKNOWN"


def test_a_partial_read_is_told_since_the_first_of_its_row() -> None:
    partial = [a_failed_run(ago(back), "partial", "PARTIAL") for back in (2, 1)]
    found = only(incomplete_read(a_history([a_run(ago(3)), *partial])))
    assert (found.verdict, found.onset) == ("FAIL", ago(2))
    assert only(incomplete_read(a_history([*partial, a_run(ago(0))]))).verdict == "PASS"


def test_one_refusal_for_asking_too_often_is_a_warning_and_two_in_a_row_are_told() -> None:
    limited = [a_failed_run(ago(back), "limited") for back in (2, 1)]
    assert only(incomplete_read(a_history(limited[:1]))).verdict == "WARN"
    assert only(incomplete_read(a_history(limited))).verdict == "FAIL"
    assert only(incomplete_read(a_history([limited[0], a_run(ago(1))]))).verdict == "PASS"


def test_one_refusal_is_an_early_end_and_no_failure_when_the_next_attempt_comes_after_promise_and_grace() -> None:
    daily = changed(ORDERS, schedule="0 12 * * *", timezone="UTC")
    limited = a_history([a_run(ago(96)), a_failed_run(ago(0), "limited")], contract=daily)
    assert only(incomplete_read(limited)).verdict == "FAIL"
    assert only(failing(limited)).verdict == "WARN"


def test_a_truncated_file_and_another_trouble_are_no_incomplete_read() -> None:
    assert only(incomplete_read(a_history([a_failed_run(ago(1), "truncated", "PARTIAL")]))).verdict == "UNKNOWN"
    assert only(incomplete_read(a_history([a_failed_run(ago(1), "denied")]))).verdict == "UNKNOWN"
    assert only(incomplete_read(a_history())).verdict == "UNKNOWN"


def test_a_full_read_that_brings_clearly_less_than_the_source_counts_ended_early() -> None:
    def verdict(read: int, counted: int, **facts: object) -> str:
        run = a_read(1, read, **facts)
        return only(incomplete_read(a_history([run], answers=[an_answer(run, rows=counted)]))).verdict

    # Ten rows, or one in a hundred, may go while it is read.
    assert [verdict(90, 100), verdict(89, 100)] == ["PASS", "FAIL"]
    assert [verdict(9_900, 10_000), verdict(9_899, 10_000)] == ["PASS", "FAIL"]
    part = {"window_lower": "2026-11-18T09:00:00+00:00"}
    assert verdict(1, 10_000, **part) == "PASS"


def test_rows_on_two_pages_are_told_until_a_read_has_none() -> None:
    clean, drifted = a_read(2, 300, rows_repeated=0), a_read(1, 300, rows_repeated=2)
    found = only(pages_disagree(a_history([clean, drifted])))
    assert (found.verdict, found.rows, found.onset) == ("FAIL", 2, ago(1))
    assert only(pages_disagree(a_history([drifted, a_read(0, 300, rows_repeated=0)]))).verdict == "PASS"


def test_pages_that_lead_in_a_circle_are_told_and_a_source_without_pages_is_unknown() -> None:
    assert only(pages_disagree(a_history([a_failed_run(ago(1), "pages")]))).verdict == "FAIL"
    assert only(pages_disagree(a_history([a_read(1, 300)]))).verdict == "UNKNOWN"
    assert only(pages_disagree(a_history())).verdict == "UNKNOWN"


def test_a_count_at_which_the_source_is_known_to_stop_is_told_at_once() -> None:
    contract = changed(ORDERS, watch=ORDERS.watch.model_copy(update={"caps": (250,)}))
    assert only(capped(a_history([a_read(1, 250)], contract=contract))).verdict == "FAIL"
    assert only(capped(a_history([a_read(1, 249)], contract=contract))).verdict == "PASS"
    assert only(capped(a_history([a_read(1, 250)]))).verdict == "PASS"


def test_a_round_number_is_chance_once_and_a_cap_twice() -> None:
    assert only(capped(a_history([a_read(2, 873), a_read(1, 10_000)]))).verdict == "PASS"
    assert only(capped(a_history([a_read(2, 10_000), a_read(1, 10_000)]))).verdict == "FAIL"
    assert only(capped(a_history([a_read(2, 10_001), a_read(1, 10_001)]))).verdict == "PASS"
    assert only(capped(a_history([a_read(1, 0)]))).verdict == "UNKNOWN"


def test_a_table_of_just_a_thousand_rows_is_not_capped() -> None:
    quiet = [a_read(2, 1_000, landed=1_000), a_read(1, 1_000, landed=0)]
    assert only(capped(a_history(quiet))).verdict == "PASS"
    moving = [a_read(2, 1_000), a_read(1, 1_000)]
    counted = [an_answer(moving[1], rows=1_000)]
    assert only(capped(a_history(moving, answers=counted))).verdict == "PASS"


def test_a_read_that_stops_at_a_round_number_is_capped_at_once_where_the_source_has_newer_rows() -> None:
    nine, ten = "2026-11-18T09:00:00+00:00", "2026-11-18T10:00:00+00:00"

    def verdict(rows: int, newest: str, landed: int = 4) -> str:
        run = a_read(1, rows, landed, cursor_after=nine)
        return only(capped(a_history([run], answers=[an_answer(run, newest)]))).verdict

    assert [verdict(rows, ten) for rows in (5, 25, 100, 2000)] == ["FAIL"] * 4
    assert [verdict(rows, ten) for rows in (2, 7, 30, 101)] == ["PASS"] * 4
    assert verdict(100, nine) == "PASS"
    assert verdict(100, ten, landed=0) == "PASS"


def test_reads_that_go_on_stopping_at_the_same_number_stay_capped_when_nothing_of_them_is_new() -> None:
    nine, ten = "2026-11-18T09:00:00+00:00", "2026-11-18T10:00:00+00:00"
    runs = [a_read(2, 5, 4, cursor_after=nine), a_read(1, 5, 0, cursor_after=nine)]
    found = only(capped(a_history(runs, answers=[an_answer(run, ten) for run in runs])))
    assert (found.verdict, found.onset, found.evidence_at) == ("FAIL", ago(2), ago(1))


def test_pages_that_bring_fewer_rows_than_the_answer_claims_disagree_and_are_no_read_that_ended_early() -> None:
    drifted = a_history([a_run(ago(2)), a_failed_run(ago(1), "pages", "PARTIAL")])
    assert only(pages_disagree(drifted)).verdict == "FAIL"
    assert only(incomplete_read(drifted)).verdict == "UNKNOWN"
