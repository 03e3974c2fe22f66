"""Attempts: a feed that is not tried, or whose every try fails, is told."""

from __future__ import annotations

from datetime import timedelta

from pipelines.freshness.detectors.attempts import failing, not_running
from tests.pipelines.freshness.detectors.evidence_factory import an_answer, changed
from tests.pipelines.freshness.history_factory import NOON, ORDERS, a_history, a_run

QUARTER = timedelta(minutes=15)  # shop.orders is due each quarter of an hour


def verdicts(findings: object) -> list[str]:
    return [finding.verdict for finding in findings]  # type: ignore[attr-defined]


def test_a_feed_that_was_never_tried_is_unknown_and_not_passed() -> None:
    assert verdicts(not_running(a_history())) == ["UNKNOWN"]
    assert verdicts(failing(a_history())) == ["UNKNOWN"]


def test_a_feed_is_not_running_half_an_hour_after_it_was_due() -> None:
    # Tried at 11:00, due at 11:15; half an hour of slack ends at 11:45.
    runs = [a_run(NOON - timedelta(hours=1))]
    at_11_45, after = NOON - QUARTER, NOON - QUARTER + timedelta(seconds=1)
    assert verdicts(not_running(a_history(runs, now=at_11_45))) == ["PASS"]
    (found,) = not_running(a_history(runs, now=after))
    assert found.verdict == "FAIL"
    assert found.onset == NOON - timedelta(minutes=45)


def test_one_failed_attempt_is_a_warning_and_three_in_a_row_are_told() -> None:
    good = a_run(NOON - 4 * QUARTER)
    failed = [a_run(NOON - back * QUARTER, "FAILED", error="no route to host") for back in (3, 2, 1)]
    assert verdicts(failing(a_history([good]))) == ["PASS"]
    assert verdicts(failing(a_history([good, failed[0]]))) == ["WARN"]
    (found,) = failing(a_history([good, *failed]))
    assert found.verdict == "FAIL"
    assert found.onset == failed[0].started_at
    assert "no route to host" in found.reason


def test_a_good_attempt_ends_a_row_of_failed_ones() -> None:
    failed = [a_run(NOON - back * QUARTER, "FAILED") for back in (4, 3, 2)]
    assert verdicts(failing(a_history([*failed, a_run(NOON - QUARTER, "EMPTY_OK")]))) == ["PASS"]


def test_one_failed_attempt_is_told_when_the_next_comes_after_promise_and_grace() -> None:
    # Promised are 26 hours and 4 of grace; the attempt after a failed daily one comes 48 hours after the last good.
    daily = changed(ORDERS, schedule="0 12 * * *", timezone="UTC")
    runs = [a_run(NOON - timedelta(days=1)), a_run(NOON, "FAILED")]
    assert verdicts(failing(a_history(runs, contract=daily))) == ["FAIL"]
    twice_a_day = changed(daily, schedule="0 */12 * * *")
    runs[0] = a_run(NOON - timedelta(hours=12))
    assert verdicts(failing(a_history(runs, contract=twice_a_day))) == ["WARN"]


def test_a_good_attempt_that_leaves_rows_at_the_source_does_not_end_an_outage() -> None:
    failed = [a_run(NOON - back * QUARTER, "FAILED") for back in (4, 3, 2)]
    empty = a_run(NOON - QUARTER, "EMPTY_OK", cursor_after="2026-11-18T09:00:00+00:00")
    ahead, level = (an_answer(empty, f"2026-11-18T{hour}:00:00+00:00") for hour in ("10", "09"))
    assert verdicts(failing(a_history([*failed, empty], answers=[ahead]))) == ["UNKNOWN"]
    assert verdicts(failing(a_history([*failed, empty], answers=[level]))) == ["PASS"]
