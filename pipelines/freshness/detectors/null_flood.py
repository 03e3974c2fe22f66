"""Null flood: a column is empty far more often than usual."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.freshness import against_bands
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory
from pipelines.freshness.signals import Signal, per_column

EMPTY = Signal(
    failure="null_flood",
    kind="share",
    series=per_column(lambda _history, column: (column.nulls, column.rows)),
    least=0.1,
    side="high",
    says="share of empty values",
)


@detects("null_flood")
def null_flood(history: FeedHistory) -> Iterator[Finding]:
    """Empty values of every column against their usual share (mode E2)."""
    return against_bands.findings(history, EMPTY)
