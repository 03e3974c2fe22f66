"""Arrivals that are held together against what is usual are of neighbouring hours."""

from __future__ import annotations

from pipelines.freshness.detectors.unusual_volume import TOGETHER, some_arrivals
from tests.pipelines.freshness.history_factory import NOON, a_batch, a_history, a_run
from tests.pipelines.freshness.learned_factory import HOUR


def test_arrivals_before_and_after_a_quiet_night_are_not_taken_together() -> None:
    def readings(*hours: int) -> int:
        batches = [a_batch(seq, NOON + hour * HOUR, 50) for seq, hour in enumerate(hours, 1)]
        history = a_history([a_run(NOON + hour * HOUR) for hour in range(hours[-1] + 1)], batches)
        return len(list(some_arrivals(history, batches)))

    assert TOGETHER == 8
    assert readings(*range(9)) == 2
    # Eight arrivals an hour apart span seven hours, and may span 12.25.
    assert readings(0, 1, 2, 3, 4, 5, 6, 12) == 1
    assert readings(0, 1, 2, 3, 4, 5, 6, 13) == 0
