"""Old events: what arrives happened longer ago than usual."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pipelines.freshness import against_bands
from pipelines.freshness.detectors import shifted_times
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.detectors.quantiles import FEWEST_VALUES, level
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory
from pipelines.freshness.signals import Signal, column_of, per_column, sustained
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
    """Arrival minus event against its usual level (mode A7), of the oldest twentieth of three batches in a row.

    One is enough when even its newest event is older than usual, by more than any zone explains.
    """
    last = next(against_bands.looks_of(history, shifted_times.AGE), None)
    older = last.value - last.usual if last is not None and last.is_beyond else 0.0
    if last is None or older <= shifted_times.LARGEST_SHIFT:
        yield from against_bands.findings(history, AGE)
        return
    column = column_of(last.part)
    yield Finding(
        history.feed,
        "old_events",
        "FAIL",
        f"the newest {column} of the last delivery is {older / SECONDS_AN_HOUR:,.0f} h older than usual",
        segment=column,
        rows=round(last.rows),
        onset=last.at,
        evidence_at=last.at,
        evidence=last.facts(),
    )
