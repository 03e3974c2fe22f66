"""Scope narrowed: a region, brand or other part of the source is no longer shown to us."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipelines.freshness import against_bands
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import Batch, FeedHistory
from pipelines.freshness.signals import Reading, Signal


def segment_rows(history: FeedHistory, batches: Sequence[Batch]) -> Iterator[Reading]:
    """Rows by value of the columns that the contract counts apart."""
    for batch in batches:
        for column, profile in history.profiles.get(batch.batch_id, {}).items():
            for value, count in (profile.segments or {}).items():
                yield Reading(f"{column}/{value}", batch.landed_at, count, profile.rows)


SEGMENTS = Signal(
    failure="scope_narrowed",
    kind="share",
    series=segment_rows,
    least=0.03,
    side="low",
    says="share",
    is_partition=True,
)


@detects("scope_narrowed")
def scope_narrowed(history: FeedHistory) -> Iterator[Finding]:
    """Rows of each segment against their usual share (mode B15); small segments are seen over more batches."""
    return against_bands.findings(history, SEGMENTS)
