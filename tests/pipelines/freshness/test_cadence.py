"""Cadence: what hours of a class bring for certain, and when their silence is too long."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from pipelines.freshness.cadence import RateBand, fit_rate
from pipelines.freshness.day_classes import day_classes, wider_class

UTC_CLASSES = day_classes("UTC", None)
TUESDAY_TEN = datetime(2026, 11, 17, 10, tzinfo=UTC)


def test_the_rate_of_a_class_is_what_nine_hours_in_ten_reach() -> None:
    counts = np.array([4.0] * 18 + [0.0, 4.0])  # one quiet hour in twenty
    band = fit_rate(counts, ["tue 10"] * 20)
    assert band.rate("tue 10") == 4.0
    assert fit_rate(np.array([4.0] * 7 + [0.0] * 3), ["tue 10"] * 10).rate("tue 10") == 0.0


def test_a_class_seen_less_than_eight_times_counts_as_the_wider_one() -> None:
    band = fit_rate(np.array([2.0] * 10 + [4.0] * 4), ["mon 10"] * 10 + ["tue 10"] * 4)
    assert band.rate("tue 10") == 2.0


def test_eight_certain_arrivals_may_be_missing_before_silence_is_late() -> None:
    band = RateBand(low={"work 10": 4.0, "work 11": 4.0}, sizes={})
    # From ten past ten: 50 minutes at four an hour are 3⅓; the 2⅔ that are left take 40 minutes more.
    assert band.due(TUESDAY_TEN + timedelta(minutes=10), UTC_CLASSES, missed=6) == TUESDAY_TEN + timedelta(
        hours=1, minutes=40
    )
    assert band.due(TUESDAY_TEN, UTC_CLASSES) == TUESDAY_TEN + timedelta(hours=2)


def test_nothing_is_due_where_no_hour_is_certain() -> None:
    assert RateBand(low={}, sizes={}).due(TUESDAY_TEN, UTC_CLASSES) is None


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-03-28T23:30:00+00:00", "sun 0"),  # still winter time in Berlin
        ("2026-03-29T22:30:00+00:00", "mon 0"),  # summer time since that morning
        ("2026-12-25T09:00:00+00:00", "holiday 10"),
        ("2026-11-30T09:00:00+00:00", "month-end 10"),
    ],
)
def test_classes_follow_the_clock_on_the_wall(moment: str, expected: str) -> None:
    assert day_classes("Europe/Berlin", "DE").hour(datetime.fromisoformat(moment)) == expected


def test_without_a_calendar_christmas_is_a_weekday() -> None:
    assert UTC_CLASSES.day(date(2026, 12, 25)) == "fri"
    assert wider_class("fri 9") == "work 9"
    assert wider_class("holiday 9") == "holiday 9"
