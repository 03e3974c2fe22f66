"""Daily reads that did not bring what all of them had brought: rows, or the sender's newest day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice, pairwise, takewhile
from statistics import median_low

from pipelines.freshness.day_classes import day_classes
from pipelines.freshness.detectors.deliveries import missing_numbers
from pipelines.freshness.history import Batch, FeedHistory, Run

# So many reads that lie about a day apart, so that all days of the week are among them twice. What comes more often has
# its learned cadence.
HABIT_READS, HABIT_SPAN = 14, timedelta(days=12)
# With so many rows in each, none is no chance.
FEWEST_ROWS = 5


@dataclass(frozen=True)
class Missed:
    """Since when reads lack what they always brought, and in words what."""

    since: datetime
    fact: str


def missed_read(history: FeedHistory) -> Missed | None:
    """What a read lacks against the habit of the two weeks before; None for nothing, or without such a habit.

    It is the last read, or an earlier one when the files that came since have left out a number.
    """
    history, reads = _taken_together(history)
    missed = _missed(history, reads) or _never_came(history, reads)
    classes = day_classes(history.contract.timezone, history.contract.watch.calendar)
    return None if missed is None or classes.touches_special(missed.since, history.now) else missed


def _taken_together(history: FeedHistory) -> tuple[FeedHistory, Sequence[Run]]:
    """The good reads without those that somebody asked for in between, whose batches count with the read before.

    In between is what follows a read by less than half of the usual time: nothing new is due so soon.
    """
    runs = history.good_runs
    if len(runs) < HABIT_READS:
        return history, runs
    soon = median_low([later.started_at - earlier.started_at for earlier, later in pairwise(runs)]) / 2
    reads: list[Run] = []
    read_of: dict[str | None, str] = {}
    for run in runs:
        if reads and run.started_at - reads[-1].started_at < soon:
            read_of[run.run_id] = reads[-1].run_id
        else:
            reads.append(run)
    batches = tuple(
        replace(batch, run_id=read_of[batch.run_id]) if batch.run_id in read_of else batch for batch in history.batches
    )
    return replace(history, batches=batches), reads


def _missed(history: FeedHistory, reads: Sequence[Run]) -> Missed | None:
    return _no_rows(history, reads) or _no_newer_day(history, reads)


def _never_came(history: FeedHistory, reads: Sequence[Run]) -> Missed | None:
    gaps = missing_numbers([batch for batch in history.batches if batch.sequence is not None])
    for number, shown_by in gaps.items():
        missed = _missed(history, _before(reads, shown_by))
        if missed is not None:
            return Missed(missed.since, f"number {number}, due {missed.since:%Y-%m-%d %H:%M} UTC, has not come since")
    return None


def _before(reads: Sequence[Run], batch: Batch) -> Sequence[Run]:
    return list(takewhile(lambda run: run.run_id != batch.run_id, reads))


def _no_rows(history: FeedHistory, reads: Sequence[Run]) -> Missed | None:
    rows_of: dict[str | None, int] = {}
    for batch in history.batches:
        rows_of[batch.run_id] = rows_of.get(batch.run_id, 0) + batch.row_count
    empty = list(takewhile(lambda run: run.run_id not in rows_of, reversed(reads)))
    before = _habitual(history, reads[: len(reads) - len(empty)])
    if not empty or any(rows_of.get(run.run_id, 0) < FEWEST_ROWS for run in before) or not before:
        return None
    since = empty[-1].started_at
    return Missed(since, f"{len(before)} reads in a row brought rows, and that of {since:%Y-%m-%d %H:%M} UTC none")


def _no_newer_day(history: FeedHistory, reads: Sequence[Run]) -> Missed | None:
    """The sender's own day of the newest file is further back than it was at any read before."""
    days_of: dict[str | None, date] = {}
    for batch in history.batches:
        if batch.business_date is not None:
            day = date.fromisoformat(batch.business_date)
            days_of[batch.run_id] = max(day, days_of.get(batch.run_id, day))
    if not days_of:
        return None
    behind: list[tuple[Run, int]] = []
    newest: date | None = None
    for run in reads:
        newest = max(filter(None, (newest, days_of.get(run.run_id))), default=None)
        if newest is not None:
            behind.append((run, (run.started_at.date() - newest).days))
    usual = median_low([days for _, days in behind]) if behind else 0
    older = list(takewhile(lambda read: read[1] > usual, reversed(behind)))
    before = _habitual(history, [run for run, _ in behind[: len(behind) - len(older)]])
    if not older or not before or any(days > usual for run, days in behind if run in before):
        return None
    return Missed(
        older[-1][0].started_at, f"the newest file is of {newest}, {older[0][1]} days back; at each read it was {usual}"
    )


def _habitual(history: FeedHistory, reads: Sequence[Run]) -> Sequence[Run]:
    """The last reads in which nothing was wrong, when there are enough of them and they lie a day apart; else none."""
    ordinary = (
        run for run in reversed(reads) if not any(one.begins <= run.started_at <= one.ends for one in history.blames)
    )
    last = list(islice(ordinary, HABIT_READS))[::-1]
    is_habit = len(last) == HABIT_READS and last[-1].started_at - last[0].started_at >= HABIT_SPAN
    return last if is_habit else ()
