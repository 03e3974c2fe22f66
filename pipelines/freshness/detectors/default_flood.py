"""Default flood: one value, or zero, fills a column far more often than usual."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.freshness import against_bands
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory
from pipelines.freshness.signals import Signal, per_column
from pipelines.ledger.profiles import ColumnProfile


def _top(history: FeedHistory, column: ColumnProfile) -> tuple[float, float] | None:
    """Repetitions of the most frequent value: where all values differ there are none, however few rows there are.

    Not of the time of change, which all rows of one statement at the source share.
    """
    if column.top_count is None or _is_cursor(history, column.column):
        return None
    return max(column.top_count - 1, 0), column.rows - column.nulls


def _is_cursor(history: FeedHistory, column: str) -> bool:
    cursor, mapping = history.contract.cursor, history.contract.columns.get(column)
    return cursor is not None and mapping is not None and cursor.column in mapping.source_columns()


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
