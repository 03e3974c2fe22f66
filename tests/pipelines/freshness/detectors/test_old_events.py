"""Old events: late corrections are silent, old rows among new ones and whole old deliveries are told."""

from __future__ import annotations

from pipelines.freshness.detectors.old_events import old_events
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory
from tests.pipelines.freshness.learned_factory import ROWS, a_profile, followed, lived, next_batch, trained

LIFE = trained(lived())


def failing(history: FeedHistory) -> list[Finding]:
    return [finding for finding in old_events(history) if finding.verdict == "FAIL"]


def test_events_that_are_old_three_times_in_a_row_are_told_and_late_corrections_are_not() -> None:
    batches = [next_batch(LIFE, ahead=ahead) for ahead in (1, 2, 3)]

    def ages(*days: float) -> FeedHistory:
        high = [batch.landed_at.timestamp() - 60 for batch in batches]
        found = [
            a_profile(batch, "ordered_at", age_p95=day * 86_400, high=at, hours=(ROWS,) + (0,) * 23)
            for batch, day, at in zip(batches, days, high, strict=True)
        ]
        return followed(LIFE, *batches, ordered_at=found)

    assert failing(ages(30, 0.03, 150)) == []
    (found,) = failing(ages(150, 150, 150))
    assert found.segment == "ordered_at"


def test_a_few_new_rows_of_several_deliveries_that_are_months_old_are_told_and_those_of_one_are_not() -> None:
    batches = [next_batch(LIFE, ahead=ahead) for ahead in (1, 2, 3)]
    fresh, power = 10, 12  # up to 2^12 hours, over 85 days

    def old(*rows: int) -> list[Finding]:
        found = [
            a_profile(batch, "ordered_at", age_p95=3000.0, new_ages=(fresh,) + (0,) * (power - 1) + (count,))
            for batch, count in zip(batches, rows, strict=True)
        ]
        return failing(followed(LIFE, *batches, ordered_at=found))

    (found,) = old(3, 2, 0)
    assert (found.segment, found.evidence["part"], found.is_exact) == ("ordered_at", "ordered_at/new rows", False)
    assert old(0, 40, 0) == []  # somebody entered a pile of them
    assert old(2, 1, 1) == []  # or one now and then
    power = 2
    assert old(100, 100, 100) == []  # up to four hours, where up to one is usual
