"""Cadence: when the next arrival is due, by the contract first; what was learned only tightens it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from pipelines.freshness.bands import WHOLE_CLASS
from pipelines.freshness.day_classes import DayClasses, is_special, wider_class
from pipelines.freshness.history import Batch, FeedHistory
from pipelines.freshness.ordinary import announcement_at
from pipelines.freshness.signals import Reading, Signal

HOUR = timedelta(hours=1)
# Arrivals that nine hours in ten of their kind had at least.
RARELY_FEWER = 0.1
# So many of those must be missing together: one may miss by chance, and so may all of a quiet night.
MISSED = 8.0
# Silence is summed up this far; the contract's own rule speaks long before.
LONGEST_SILENCE = timedelta(days=7)


@dataclass(frozen=True)
class RateBand:
    """Arrivals that an hour of a class hardly ever has fewer than; classes seldom seen count as the wider one."""

    low: Mapping[str, float]
    sizes: Mapping[str, int]

    def rate(self, of_class: str) -> float:
        """Arrivals an hour that are as good as certain; none on special days that were hardly seen yet."""
        if self.sizes.get(of_class, 0) >= WHOLE_CLASS or is_special(of_class):
            return self.low.get(of_class, 0.0)
        return self.low.get(wider_class(of_class), 0.0)

    def due(self, last: datetime, classes: DayClasses, missed: float = MISSED) -> datetime | None:
        """When so many arrivals that are as good as certain did not come after the last; None: not within a week."""
        at, counted = last, 0.0
        while at < last + LONGEST_SILENCE:
            next_hour = at.replace(minute=0, second=0, microsecond=0) + HOUR
            rate = self.rate(classes.hour(at))
            share = (next_hour - at) / HOUR
            if rate > 0 and counted + rate * share >= missed:
                return at + HOUR * ((missed - counted) / rate)
            counted += rate * share
            at = next_hour
        return None


def fit_rate(counts: npt.NDArray[np.float64], classes: Sequence[str]) -> RateBand:
    """Band of arrivals an hour from counts by hour and the class of each hour."""
    names, wider = np.array(classes), np.array([wider_class(name) for name in classes])
    low: dict[str, float] = {}
    sizes: dict[str, int] = {}
    for labels in (wider, names):
        for name in np.unique(labels):
            inside = counts[labels == name]
            sizes[str(name)] = len(inside)
            if len(inside) >= WHOLE_CLASS:
                low[str(name)] = float(np.quantile(inside, RARELY_FEWER, method="lower"))
    return RateBand(low, sizes)


def arrivals_by_hour(history: FeedHistory, _ordinary: Sequence[Batch]) -> Iterator[Reading]:
    """Non-empty arrivals in each hour in which the source was read well, hours with none included."""
    counts: dict[datetime, int] = {}
    for run in history.runs:
        if run.is_good and run.kind == "live" and announcement_at(history.contract, run.started_at) is None:
            counts.setdefault(_hour(run.started_at), 0)
    for batch in history.batches:
        if (hour := _hour(batch.landed_at)) in counts:
            counts[hour] += 1
    for hour in sorted(counts)[1:-1]:  # the first and the last were seen in part
        yield Reading("", hour, float(counts[hour]), 1.0)


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


ARRIVALS = Signal(
    failure="late", kind="rate", series=arrivals_by_hour, least=0.0, side="low", says="arrivals", is_by_hour=True
)
