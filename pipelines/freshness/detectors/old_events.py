"""Old events: what arrives happened longer ago than usual."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pipelines.freshness import against_bands
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.detectors.quantiles import FEWEST_VALUES, level
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory
from pipelines.freshness.signals import Signal, per_column, sustained
from pipelines.ledger.profiles import ColumnProfile

SECONDS_AN_HOUR = 3600.0


def _age(history: FeedHistory, column: ColumnProfile) -> tuple[float, float] | None:
    values = column.rows - column.nulls
    is_event = column.column == history.contract.canonical.event_time
    if not is_event or column.age_p95 is None or values < FEWEST_VALUES:
        return None
    return level(max(column.age_p95, 0.0) / SECONDS_AN_HOUR), values


AGE = Signal(
    failure="old_events",
    kind="level",
    series=sustained(per_column(_age, "age in hours")),
    least=math.log(2),
    side="high",
    says="95th percentile",
    is_by_hour=True,
)


@detects("old_events")
def old_events(history: FeedHistory) -> Iterator[Finding]:
    """Arrival minus event of the oldest twentieth of three batches in a row against its usual level (mode A7)."""
    return against_bands.findings(history, AGE)
