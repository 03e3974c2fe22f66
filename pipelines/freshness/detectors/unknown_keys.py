"""Unknown keys: far more rows than usual point at a parent that is not here, as when keys are written in a new way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from pipelines.freshness import against_bands
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import Batch, FeedHistory
from pipelines.freshness.signals import Reading, Signal

# Parents may come later on the same day, and do so every day.
CLOSED = timedelta(days=1)


def unmatched(history: FeedHistory, _batches: Sequence[Batch]) -> Iterator[Reading]:
    """Rows without a parent by the day on which they landed, of days that were over when they were counted."""
    for link in history.links:
        if link.rows and link.landed_on + CLOSED <= link.counted_at:
            yield Reading(link.column, link.landed_on, link.orphans, link.rows)


UNMATCHED = Signal(
    failure="unknown_keys",
    kind="share",
    series=unmatched,
    least=0.15,
    side="high",
    says="share of keys that nothing has",
    pooled=(1, 3),
)


@detects("unknown_keys")
def unknown_keys(history: FeedHistory) -> Iterator[Finding]:
    """Keys without a parent on the newest closed days against their usual share (mode E5)."""
    return against_bands.findings(history, UNMATCHED)
