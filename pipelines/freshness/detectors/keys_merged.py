"""Keys merged: the same account, e-mail address or telephone number names far more rows than usual."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.freshness import against_bands
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory
from pipelines.freshness.signals import Signal, per_column
from pipelines.ledger.profiles import ColumnProfile

# What names one person or account: where it repeats more often, keys were merged or split.
NAMING = frozenset({"record_id", "account_ref", "email", "phone", "strong_id"})


def _repeated(history: FeedHistory, column: ColumnProfile) -> tuple[float, float] | None:
    entity = history.contract.canonical
    declared = entity.columns.get(column.column)
    if declared is None or declared.identity not in NAMING or column.column in entity.key:
        return None
    filled = column.rows - column.nulls
    return max(filled - column.distinct, 0), filled  # distinct values may be an estimate


REPEATED = Signal(
    failure="keys_merged",
    kind="share",
    series=per_column(_repeated),
    least=0.1,
    side="high",
    says="share of repeated values",
)


@detects("keys_merged")
def keys_merged(history: FeedHistory) -> Iterator[Finding]:
    """Repetitions of what names a person or account against their usual share (mode F7)."""
    return against_bands.findings(history, REPEATED)
