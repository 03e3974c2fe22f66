"""Signals: what of a feed's evidence is learned, as readings that a band is fitted to and held against."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from pipelines.freshness.history import Batch, FeedHistory
from pipelines.ledger.profiles import ColumnProfile

# A reading that holds over so many batches.
SUSTAINED = 3


class Reading(NamedTuple):
    """One value of a signal; of a share `value` counts the rows of which it is true.

    `part` is 'column' or 'column/fact'.
    """

    part: str
    at: datetime
    value: float
    rows: float


Series = Callable[[FeedHistory, Sequence[Batch]], Iterable[Reading]]


@dataclass(frozen=True)
class Signal:
    """One learned thing.

    `series` reads it from batches, oldest first. `least` is the smallest deviation that matters to anybody: of a share
    as such, of a level as the logarithm of a factor. `pooled` says over how many newest readings together a share is
    held against its band: small batches tell little each. `is_by_hour`: the level has a rhythm of its own each hour of
    the week. `is_partition`: the parts of one column share its rows, so that one that does not come has none of them.
    """

    failure: str
    kind: Literal["share", "level", "rate"]
    series: Series
    least: float
    side: Literal["high", "low", "both"]
    says: str
    pooled: tuple[int, ...] = (1, 3, 12)
    is_by_hour: bool = False
    is_partition: bool = False


def per_batch(read: Callable[[FeedHistory, Batch], Iterable[tuple[str, float, float]]]) -> Series:
    """A series of what each batch says by itself: (part, value, rows)."""

    def series(history: FeedHistory, batches: Sequence[Batch]) -> Iterator[Reading]:
        for batch in batches:
            for part, value, rows in read(history, batch):
                yield Reading(part, batch.landed_at, value, rows)

    return series


def per_column(read: Callable[[FeedHistory, ColumnProfile], tuple[float, float] | None], fact: str = "") -> Series:
    """A series of what each column of each batch says: (value, rows), or None where the column has no such fact."""
    suffix = f"/{fact}" if fact else ""

    def one(history: FeedHistory, batch: Batch) -> Iterator[tuple[str, float, float]]:
        for column, profile in history.profiles.get(batch.batch_id, {}).items():
            found = read(history, profile)
            if found is not None and found[1] > 0:
                yield f"{column}{suffix}", *found

    return per_batch(one)


def sustained(series: Series) -> Series:
    """The least of the newest three readings of each part: one high one, as late corrections bring, says nothing."""

    def of_three(history: FeedHistory, batches: Sequence[Batch]) -> Iterator[Reading]:
        newest: dict[str, list[Reading]] = {}
        for reading in series(history, batches):
            kept = newest.setdefault(reading.part, [])
            kept.append(reading)
            if len(kept) >= SUSTAINED:
                yield reading._replace(value=min(one.value for one in kept[-SUSTAINED:]))

    return of_three


def column_of(part: str) -> str:
    """The column (or other segment) that a part belongs to: what an alert is about."""
    return part.partition("/")[0]


def read_parts(signal: Signal, history: FeedHistory, batches: Sequence[Batch]) -> dict[str, list[Reading]]:
    """Part → its readings, oldest first; with a partition, parts that did not come have readings of none."""
    parts: dict[str, list[Reading]] = {}
    for reading in signal.series(history, batches):
        parts.setdefault(reading.part, []).append(reading)
    if signal.is_partition:
        for part in history.bands_of.get(signal.failure, ()):
            parts.setdefault(part, [])
        moments = {(column_of(one.part), one.at): one.rows for readings in parts.values() for one in readings}
        for part, readings in parts.items():
            there = {one.at for one in readings}
            column = column_of(part)
            readings += [
                Reading(part, at, 0.0, rows)
                for (name, at), rows in moments.items()
                if name == column and at not in there
            ]
            readings.sort(key=lambda one: one.at)
    return parts
