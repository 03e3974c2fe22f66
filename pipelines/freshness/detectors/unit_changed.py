"""Unit changed: amounts jumped by a factor, as if cents had become euros or euros dollars."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pipelines.freshness import against_bands
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.detectors.quantiles import quantile_series
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory
from pipelines.freshness.signals import Signal

# Between neighbouring currencies lies a factor such as 0.92.
MEDIAN = Signal(
    failure="unit_changed",
    kind="level",
    series=quantile_series("q50", of_amounts=True),
    least=math.log(1.06),
    side="both",
    says="middle amount",
)
# Where only a part of the rows is in another unit, the middle hardly moves and an end jumps.
LARGEST = Signal(
    failure="unit_changed",
    kind="level",
    series=quantile_series("q95", of_amounts=True),
    least=math.log(3),
    side="high",
    says="large amounts",
)
SMALLEST = Signal(
    failure="unit_changed",
    kind="level",
    series=quantile_series("q05", of_amounts=True),
    least=math.log(3),
    side="low",
    says="small amounts",
)


@detects("unit_changed")
def unit_changed(history: FeedHistory) -> Iterator[Finding]:
    """The middle and the ends of every amount against their usual levels (mode D6)."""
    return against_bands.findings(history, MEDIAN, LARGEST, SMALLEST)
