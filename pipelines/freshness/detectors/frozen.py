"""Frozen: rows come again and nothing is changed in them but, at most, their time of change."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.freshness import against_bands
from pipelines.freshness.detectors.deliveries import brings_no_news
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import Batch, FeedHistory
from pipelines.freshness.signals import Signal, per_batch


def _unchanged(history: FeedHistory, batch: Batch) -> Iterator[tuple[str, float, float]]:
    is_part = batch.file_name is not None and history.contract.delivery != "snapshot"
    if batch.rows_in and not (is_part and brings_no_news(batch)):  # a redelivery, and told as one
        breaches = history.breaches.get(batch.batch_id, ())
        restamped = sum(one.rows for one in breaches if one.kind == "restamped")
        yield "", (batch.rows_unchanged or 0) + restamped, batch.rows_in


UNCHANGED = Signal(
    failure="frozen",
    kind="share",
    series=per_batch(_unchanged),
    least=0.15,
    side="high",
    says="share of rows with nothing changed in them",
)


@detects("frozen")
def frozen(history: FeedHistory) -> Iterator[Finding]:
    """Unchanged rows against their usual share (mode E9)."""
    return against_bands.findings(history, UNCHANGED)
