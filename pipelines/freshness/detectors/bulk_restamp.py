"""Bulk restamp: the source touched a large part of all its rows at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from pipelines.freshness import against_bands
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import Batch, FeedHistory
from pipelines.freshness.signals import Reading, Signal


def touched_rows(history: FeedHistory, batches: Sequence[Batch]) -> Iterator[Reading]:
    """Rows that were here before and came again, of all rows that the source had by its own count.

    A full delivery brings all rows; of it those count that are not as they were.
    """
    is_full = history.contract.delivery == "snapshot"
    counted = [answer for answer in history.answers if answer.row_count]
    moments = [answer.probed_at for answer in counted]
    for batch in batches:
        touched = batch.rows_changed or 0
        if is_full:
            rows = batch.rows_in or 0
        else:
            touched += batch.rows_unchanged or 0
            place = bisect_right(moments, batch.landed_at)
            rows = (counted[place - 1].row_count or 0) if place else 0
        if rows:
            yield Reading("", batch.landed_at, min(touched, rows), rows)


TOUCHED = Signal(
    failure="bulk_restamp",
    kind="share",
    series=touched_rows,
    least=0.15,
    side="high",
    says="share of all rows touched at once",
    pooled=(1,),
)


@detects("bulk_restamp")
def bulk_restamp(history: FeedHistory) -> Iterator[Finding]:
    """Rows touched by one delivery, of all that the source has, against their usual share (mode F6)."""
    return against_bands.findings(history, TOUCHED)
