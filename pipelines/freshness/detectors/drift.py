"""Drift: numbers moved away from their usual range, or a value takes a larger part of a column than usual."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pipelines.freshness import against_bands
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.detectors.quantiles import QUANTILES, quantile_series
from pipelines.freshness.detectors.scope_narrowed import segment_rows
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory
from pipelines.freshness.signals import Signal

LEVELS = tuple(
    Signal(
        failure="drift",
        kind="level",
        series=quantile_series(quantile, of_amounts=False),
        least=math.log(1.25),
        side="both",
        says="level",
    )
    for quantile in QUANTILES
)
SHARES = Signal(
    failure="drift",
    kind="share",
    series=segment_rows,
    least=0.15,
    side="high",
    says="share",
    is_partition=True,
)


@detects("drift")
def drift(history: FeedHistory) -> Iterator[Finding]:
    """Quantiles of numbers and shares of segments against what is usual (mode E3)."""
    return against_bands.findings(history, *LEVELS, SHARES)
