"""Whole days of a feed: local days through which its source was read without a break, and what came in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from pipelines.freshness.day_classes import DayClasses, day_classes
from pipelines.freshness.history import FeedHistory, Run
from pipelines.freshness.ordinary import announcement_at, usual_break

# A day with a longer break between good reads than so many usual ones is not whole: its rows come on another day.
BROKEN_BY = 3.0


@dataclass(frozen=True)
class WholeDay:
    """One local day, its last moment, how often the source was read in it, and the rows that came."""

    day: date
    last_moment: datetime
    runs: int
    rows: int


def whole_days(history: FeedHistory, since: datetime) -> Iterator[WholeDay]:
    """Whole days after the one in which `since` lies and before today, oldest first."""
    classes = day_classes(history.contract.timezone, history.contract.watch.calendar)
    runs = _by_day(history, classes, since)
    rows: dict[date, int] = {}
    for batch in reversed(history.batches):
        if batch.landed_at < since:
            break
        day = classes.local_date(batch.landed_at)
        rows[day] = rows.get(day, 0) + batch.row_count
    usual = timedelta(seconds=usual_break(history.runs))
    today = classes.local_date(history.now)
    for day in sorted(runs)[1:]:
        begin, end = classes.begin(day), classes.begin(day + timedelta(days=1))
        if day < today and _is_whole(history, runs[day], begin, end, usual):
            yield WholeDay(day, end - timedelta(seconds=1), len(runs[day]), rows.get(day, 0))


def _by_day(history: FeedHistory, classes: DayClasses, since: datetime) -> dict[date, list[Run]]:
    found: dict[date, list[Run]] = {}
    for run in reversed(history.runs):
        if run.started_at < since:
            break
        if run.is_good:
            found.setdefault(classes.local_date(run.started_at), []).insert(0, run)
    return found


def _is_whole(history: FeedHistory, runs: list[Run], begin: datetime, end: datetime, usual: timedelta) -> bool:
    if any(run.kind != "live" or announcement_at(history.contract, run.started_at) for run in runs):
        return False
    moments = [begin, *(run.started_at for run in runs), end]
    return all(after - before <= max(BROKEN_BY * usual, timedelta(hours=1)) for before, after in pairwise(moments))
