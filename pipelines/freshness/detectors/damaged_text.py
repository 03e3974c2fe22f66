"""Damaged text: characters that a wrong decoding leaves behind come far more often than usual."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.freshness import against_bands
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory
from pipelines.freshness.signals import Signal, per_column
from pipelines.ledger.profiles import ColumnProfile


def _damaged(_history: FeedHistory, column: ColumnProfile) -> tuple[float, float] | None:
    return None if column.damaged is None else (column.damaged, column.rows - column.nulls)


def _questioned(_history: FeedHistory, column: ColumnProfile) -> tuple[float, float] | None:
    return None if column.questioned is None else (column.questioned, column.rows - column.nulls)


DAMAGED = Signal(
    failure="damaged_text",
    kind="share",
    series=per_column(_damaged),
    least=0.02,
    side="high",
    says="share of damaged texts",
)
QUESTIONED = Signal(
    failure="damaged_text",
    kind="share",
    series=per_column(_questioned, "question marks"),
    least=0.03,
    side="high",
    says="share of texts with a question mark inside a word",
)


@detects("damaged_text")
def damaged_text(history: FeedHistory) -> Iterator[Finding]:
    """Damaged texts against their usual share (mode D8)."""
    return against_bands.findings(history, DAMAGED, QUESTIONED)
