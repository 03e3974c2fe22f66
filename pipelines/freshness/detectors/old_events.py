"""Old events: what arrives happened longer ago than usual.

Changes of old rows are many and of any age. Rows that were never here usually come within a narrow time, so that few
of them tell what a percentile of all rows hides.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from pipelines.freshness import against_bands
from pipelines.freshness.detectors import shifted_times
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.detectors.quantiles import FEWEST_VALUES, level
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import Batch, FeedHistory
from pipelines.freshness.signals import SUSTAINED, Reading, Signal, column_of, per_column, sustained
from pipelines.ledger.profiles import ColumnProfile

SECONDS_AN_HOUR = 3600.0
# So many new rows, of more than one batch, have the age that is looked at: somebody entered one late.
FEW_NEW, OF_BATCHES = 5, 2
# They are looked for among the newest batches that hold so many new rows together.
NEW_ROWS = 20


def _age(history: FeedHistory, column: ColumnProfile) -> tuple[float, float] | None:
    values = column.rows - column.nulls
    is_event = column.column == history.contract.canonical.event_time
    if not is_event or column.age_p95 is None or values < FEWEST_VALUES:
        return None
    return level(max(column.age_p95, 0.0) / SECONDS_AN_HOUR), values


def old_new_rows(history: FeedHistory, batches: Sequence[Batch]) -> Iterator[Reading]:
    """The age in hours that the oldest few of the newest new rows have at least, up to a power of two."""
    column = history.contract.canonical.event_time or ""
    newest: list[tuple[int, ...]] = []
    for batch in batches:
        profile = history.profiles.get(batch.batch_id, {}).get(column)
        if profile is None or not profile.new_ages:
            continue
        newest.append(profile.new_ages)
        while len(newest) > SUSTAINED and sum(map(sum, newest[1:])) >= NEW_ROWS:
            del newest[0]
        rows = sum(map(sum, newest))
        if len(newest) >= SUSTAINED and rows >= NEW_ROWS:
            yield Reading(f"{column}/new rows", batch.landed_at, level(2.0 ** _power_of_few(newest)), rows)


def _power_of_few(batches: Sequence[Sequence[int]]) -> int:
    """The greatest power k such that enough rows of enough batches are older than 2^(k-1) hours."""
    for power in range(max(map(len, batches)) - 1, 0, -1):
        older = [sum(ages[power:]) for ages in batches]
        if sum(older) >= FEW_NEW and sum(map(bool, older)) >= OF_BATCHES:
            return power
    return 0


AGE = Signal(
    failure="old_events",
    kind="level",
    series=sustained(per_column(_age, "age in hours")),
    least=math.log(2),
    side="high",
    says="95th percentile",
    is_by_hour=True,
)
OF_NEW = Signal(
    failure="old_events",
    kind="level",
    series=old_new_rows,
    # Powers of two are twice as wide as what they hold.
    least=math.log(4),
    side="high",
    says="hours from event to arrival of the oldest",
)


@detects("old_events")
def old_events(history: FeedHistory) -> Iterator[Finding]:
    """Arrival minus event against its usual level (mode A7): of the oldest twentieth of three batches in a row, and of
    a few rows that were never here.

    One is enough when even its newest event is older than usual, by more than any zone explains.
    """
    last = next(against_bands.looks_of(history, shifted_times.AGE), None)
    older = last.value - last.usual if last is not None and last.is_beyond else 0.0
    if last is None or older <= shifted_times.LARGEST_SHIFT:
        yield from against_bands.findings(history, AGE, OF_NEW)
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
