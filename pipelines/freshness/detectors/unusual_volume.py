"""Unusual volume: far more or fewer rows than usual at such an hour, over some arrivals, or on such a day."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from pipelines.freshness import against_bands
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.detectors.quantiles import level
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import Batch, FeedHistory
from pipelines.freshness.ordinary import CATCHING_UP, usual_break
from pipelines.freshness.signals import Reading, Signal
from pipelines.freshness.whole_days import whole_days

# Single arrivals of a frequent feed vary; this many together vary less.
TOGETHER = 8
# What holds yesterday for certain.
TWO_DAYS = timedelta(days=2)


def each_arrival(_history: FeedHistory, batches: Sequence[Batch]) -> Iterator[Reading]:
    """Rows of each non-empty arrival, and those of them that were never here: late changes do not stand for these."""
    for batch in batches:
        yield Reading("arrival", batch.landed_at, level(batch.row_count), 1.0)
        if batch.rows_new is not None:
            yield Reading("arrival/new rows", batch.landed_at, level(batch.rows_new), 1.0)


def some_arrivals(history: FeedHistory, batches: Sequence[Batch]) -> Iterator[Reading]:
    """Rows of neighbouring arrivals together; no reading where one between them was out of the ordinary.

    Nor where nothing came between them for long, as in a quiet night: they are of other hours than usual.
    """
    longest = CATCHING_UP * usual_break(history.runs) * (TOGETHER - 1)
    for first, batch in enumerate(batches[: len(batches) - TOGETHER + 1]):
        group = batches[first : first + TOGETHER]
        span = (group[-1].landed_at - batch.landed_at).total_seconds()
        if group[-1].batch_seq - batch.batch_seq == TOGETHER - 1 and span <= longest:
            rows = sum(one.row_count for one in group)
            yield Reading(f"{TOGETHER} arrivals", group[-1].landed_at, level(rows), 1.0)


def each_day(history: FeedHistory, batches: Sequence[Batch]) -> Iterator[Reading]:
    """Rows of each whole day of a feed that comes more often than daily, days with none included."""
    since = min([history.now - TWO_DAYS, *(batch.landed_at for batch in batches[:1])])
    for day in whole_days(history, since):
        if day.runs > 1:
            yield Reading("day", day.last_moment, level(day.rows), 1.0)


ARRIVAL = Signal(
    failure="unusual_volume",
    kind="level",
    series=each_arrival,
    least=math.log(1.5),
    side="both",
    says="rows",
    is_by_hour=True,
)
# Several together vary less than each alone.
SOME_ARRIVALS = replace(ARRIVAL, series=some_arrivals, least=math.log(1.3))
DAY = replace(SOME_ARRIVALS, series=each_day)


@detects("unusual_volume")
def unusual_volume(history: FeedHistory) -> Iterator[Finding]:
    """Rows of the newest arrival, of the newest few together and of the last whole day (mode B19)."""
    return against_bands.findings(history, ARRIVAL, SOME_ARRIVALS, DAY)
