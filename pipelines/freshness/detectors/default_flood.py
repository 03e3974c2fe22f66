"""Default flood: one value, or zero, fills a column far more often than usual."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.freshness import against_bands
from pipelines.freshness.detectors import dirt
from pipelines.freshness.detectors.damage import chosen, parts
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory
from pipelines.freshness.signals import Signal, per_column
from pipelines.ledger.profiles import ColumnProfile

CHANGE_TIME = "updated_at"


def _top(history: FeedHistory, column: ColumnProfile) -> tuple[float, float] | None:
    """Repetitions of the most frequent value: where all values differ there are none, however few rows there are.

    The time of change is left out: nobody gives it, and many rows are touched at once in any repair.
    """
    if column.top_count is None or column.column == CHANGE_TIME or _is_cursor(history, column.column):
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
    """The most frequent value and zero against their usual share, and fillers where there were none (mode E1)."""
    filled = {finding.segment: finding for finding in _filled(history)}
    yield from filled.values()
    yield from (finding for finding in against_bands.findings(history, TOP, ZEROS) if finding.segment not in filled)


def _filled(history: FeedHistory) -> Iterator[Finding]:
    """Columns with more of what stands for no value ('N/A', '0000') than usual dirt explains, once they are known.

    Not those with a closed set of values: 'unknown' is one of them where the entity says so.
    """
    batches = chosen(history)
    if not batches:
        return
    evidence_at = batches[-1].landed_at
    closed = history.contract.canonical.enumerations()
    for column in sorted(history.profiles[batches[-1].batch_id].keys() - closed):
        seen = dirt.look(parts(history, batches, column, "fillers"))
        if seen.is_beyond and seen.rows_before >= dirt.PRIOR_ROWS:
            words = "have a value that stands for none"
            yield dirt.finding(
                history, "default_flood", seen, words, segment=column, evidence_at=evidence_at, is_exact=True
            )
