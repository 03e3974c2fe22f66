"""Slowing: arrivals lie further and further apart, come with older rows, or runs fill the time between two of them."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median

from pipelines.freshness import against_bands
from pipelines.freshness.day_classes import day_classes
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.detectors.quantiles import level
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import Batch, FeedHistory
from pipelines.freshness.signals import Reading, Signal, sustained
from pipelines.freshness.status import next_due

# One gap says little; this many together show a rhythm.
GAPS = 6
HOUR = timedelta(hours=1)
# A run that takes this part of the time until the next one is about to be overtaken by it; so many in a row are told.
FULL_INTERVAL = 0.8
LONG_RUNS = 3


def gaps(history: FeedHistory, batches: Sequence[Batch]) -> Iterator[Reading]:
    """Hours between arrivals, the middle one of the newest gaps, since a quiet night is one; none on special days."""
    classes = day_classes(history.contract.timezone, history.contract.watch.calendar)
    for place in range(GAPS, len(batches)):
        row = batches[place - GAPS : place + 1]
        first, last = row[0], row[-1]
        is_unbroken = last.batch_seq - first.batch_seq == GAPS
        if is_unbroken and not classes.touches_special(first.landed_at, last.landed_at):
            middle = median((after.landed_at - before.landed_at) / HOUR for before, after in pairwise(row))
            yield Reading("hours between arrivals", last.landed_at, level(middle), 1.0)


def lags(history: FeedHistory, batches: Sequence[Batch]) -> Iterator[Reading]:
    """Hours from the newest change of a batch to its arrival, at the least those since the read before.

    A change since then could come no sooner: how soon before a read a source last happened to change is no lag.
    """
    reads = [run.started_at for run in history.live_runs if run.is_good]
    for batch in batches:
        newest, place = _moment(batch.cursor_high), bisect_right(reads, batch.landed_at)
        if newest is not None and place >= 2:
            lag = batch.landed_at - min(newest, reads[place - 2])
            yield Reading("hours of lag", batch.landed_at, level(lag / HOUR), 1.0)


GAP = Signal(
    failure="slowing",
    kind="level",
    series=gaps,
    least=math.log(1.25),
    side="high",
    says="arrivals",
    is_by_hour=True,
)
LAG = Signal(
    failure="slowing",
    kind="level",
    series=sustained(lags),
    least=math.log(2),
    side="high",
    says="arrivals",
    is_by_hour=True,
)


@detects("slowing")
def slowing(history: FeedHistory) -> Iterator[Finding]:
    """Gaps and lag against their usual levels, and the time that runs take against the schedule (mode A6)."""
    if (found := _runs_fill_the_interval(history)) is not None:
        yield found
    else:
        yield from against_bands.findings(history, GAP, LAG)


def _runs_fill_the_interval(history: FeedHistory) -> Finding | None:
    ended = [run for run in history.runs[-LONG_RUNS - 1 :] if run.is_good and run.ended_at is not None][-LONG_RUNS:]
    if len(ended) < LONG_RUNS:
        return None
    due = next_due(history.contract, ended[-1].started_at)
    interval = (next_due(history.contract, due) - due).total_seconds()
    taken = [(run.ended_at - run.started_at).total_seconds() for run in ended if run.ended_at is not None]
    if min(taken) < FULL_INTERVAL * interval:
        return None
    return Finding(
        history.feed,
        "slowing",
        "FAIL",
        f"the last {LONG_RUNS} runs took {min(taken):,.0f} s and more; the next is due after {interval:,.0f} s",
        onset=ended[0].started_at,
        evidence_at=ended[-1].started_at,
        evidence={"seconds": min(taken), "interval_seconds": interval},
    )


def _moment(cursor: str | None) -> datetime | None:
    """A cursor as a moment, or None when it is a number."""
    try:
        found = datetime.fromisoformat(cursor or "")
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
