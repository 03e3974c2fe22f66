"""Identity of the source: another one, one that went back in time, one whose clock is off."""

from __future__ import annotations

import pytest

from pipelines.freshness.detectors.identity import clock_skew, other_source, source_rolled_back
from tests.pipelines.freshness.detectors.evidence_factory import a_failed_run, ago, only
from tests.pipelines.freshness.history_factory import a_batch, a_history, a_run


@pytest.mark.parametrize(("detector", "kind"), [(other_source, "other_source"), (source_rolled_back, "rolled_back")])
def test_a_source_that_landing_holds_is_told_until_it_is_read_again(detector, kind) -> None:
    held = a_failed_run(ago(2), kind, "HELD")
    assert only(detector(a_history([a_run(ago(3)), held]))).verdict == "FAIL"
    assert only(detector(a_history([held, a_run(ago(1))]))).verdict == "PASS"
    assert only(detector(a_history([held, a_failed_run(ago(1), "unreachable")]))).verdict == "UNKNOWN"
    assert only(detector(a_history())).verdict == "UNKNOWN"


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [(0, "PASS"), (300, "PASS"), (301, "WARN"), (-301, "WARN"), (3600, "WARN"), (3601, "FAIL"), (-3601, "FAIL")],
)
def test_a_clock_may_be_off_by_five_minutes_and_not_by_an_hour(seconds: int, verdict: str) -> None:
    assert only(clock_skew(a_history([a_run(ago(1), clock_offset_seconds=float(seconds))]))).verdict == verdict


def test_a_source_without_clock_and_rows_is_unknown() -> None:
    assert only(clock_skew(a_history([a_run(ago(1), clock_offset_seconds=None)]))).verdict == "UNKNOWN"


def test_a_wrong_clock_dates_many_rows_in_the_future_and_a_typing_error_dates_one() -> None:
    runs = [a_run(ago(1), clock_offset_seconds=None)]

    def verdict(rows: int, future: int) -> str:
        batch = a_batch(1, ago(1), rows, cursor_high="2199-01-01T00:00:00+00:00", future_count=future)
        return only(clock_skew(a_history(runs, [batch]))).verdict

    assert [verdict(10, 1), verdict(10, 4), verdict(1_000, 40)] == ["PASS", "PASS", "PASS"]
    assert [verdict(10, 5), verdict(1_000, 50)] == ["FAIL", "FAIL"]
