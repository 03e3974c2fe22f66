"""Default flood: one value, or zero, fills a column far more often than usual."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.freshness import against_bands
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory
from pipelines.freshness.signals import Signal, per_column
from pipelines.ledger.profiles import ColumnProfile


def _top(_history: FeedHistory, column: ColumnProfile) -> tuple[float, float] | None:
    """Repetitions of the most frequent value: where all values differ there are none, however few rows there are."""
    return None if column.top_count is None else (max(column.top_count - 1, 0), column.rows - column.nulls)


def _zeros(_history: FeedHistory, column: ColumnProfile) -> tuple[float, float] | None:
    return None if column.zeros is None else (column.zeros, column.rows - column.nulls)


TOP = Signal(
    failure="default_flood",
    kind="share",
    series=per_column(_top),
    least=0.1,
    side="high",
    says="share of the most frequent value",
)
ZEROS = Signal(
    failure="default_flood",
    kind="share",
    series=per_column(_zeros, "zeros"),
    least=0.1,
    side="high",
    says="share of zero",
)


@detects("default_flood")
def default_flood(history: FeedHistory) -> Iterator[Finding]:
    """The most frequent value and zero against their usual share (mode E1)."""
    return against_bands.findings(history, TOP, ZEROS)
