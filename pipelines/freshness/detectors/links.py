"""Links between feeds: orphans, parents that are behind, control totals, and how far apart feeds are in time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from pipelines.freshness.detectors import dirt
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory
from pipelines.freshness.status import next_due
from pipelines.ledger.evidence import Verdict
from pipelines.ledger.links import LinkDay

Histories = Mapping[str, FeedHistory]
# A parent feed is behind when it was not read for so long after it was due, or for an interval if that is longer.
SHORTEST_SLACK = timedelta(hours=1)
# Days of which a few sums differ in each are judged together.
DAYS_TOGETHER = 3


@detects("orphans")
def orphans(histories: Histories) -> Iterator[Finding]:
    """Rows whose parent did not come although its feed was read long enough after them (mode F1), by column.

    A day with too many of them is told for as long as they have no parent; what waits is not told at all.
    """
    for history in histories.values():
        if not history.links:
            yield Finding(history.feed, "orphans", "UNKNOWN", _without(history, "no row has waited for a parent yet"))
            continue
        columns: dict[str, list[LinkDay]] = defaultdict(list)
        for link in history.links:
            columns[link.column].append(link)
        counted_at = history.links[0].counted_at
        for column, days in columns.items():
            beyond = _days_beyond(days)
            if beyond:
                yield _orphans(history, column, beyond, counted_at)
        yield Finding(history.feed, "orphans", "PASS", "no more than usual", evidence_at=counted_at)


@detects("stale_parent")
def stale_parent(histories: Histories) -> Iterator[Finding]:
    """The feed that this one points at was not read when it was due (modes F1, F4), by parent."""
    for history in histories.values():
        parents = {name: histories[name] for name in history.contract.watch.parents.values() if name in histories}
        read = {name: when for name, parent in parents.items() if (when := last_read(parent)) is not None}
        own = last_read(history)
        if not read or own is None:
            yield Finding(history.feed, "stale_parent", "UNKNOWN", _without(history, "one of both was never read"))
            continue
        for name, at in read.items():
            contract = parents[name].contract
            due = next_due(contract, at)
            limit = due + max(SHORTEST_SLACK, next_due(contract, due) - due)
            if own > limit:
                fact = f"{name} was last read at {at:%Y-%m-%d %H:%M} UTC, this feed at {own:%Y-%m-%d %H:%M}"
                yield Finding(
                    history.feed, "stale_parent", "FAIL", fact, segment=name, onset=due, evidence_at=history.now
                )
        newest = max(read.values())
        yield Finding(history.feed, "stale_parent", "PASS", "parents are read in time", evidence_at=newest)


@detects("mixed_times")
def mixed_times(histories: Histories) -> Iterator[Finding]:
    """How far a feed lies behind the others of one picture (mode F4): more than its own promise and grace allow."""
    read = {feed: at for feed, history in histories.items() if (at := last_read(history)) is not None}
    newest = max(read.values(), default=None)
    for feed, history in histories.items():
        if feed not in read or newest is None:
            yield Finding(feed, "mixed_times", "UNKNOWN", "its source was not read in the last four weeks")
            continue
        promised = history.contract.freshness.promise + history.contract.freshness.grace
        behind = newest - read[feed]
        verdict: Verdict = "FAIL" if behind > promised else "PASS"
        fact = f"its source was read {behind.total_seconds() / 3600:.1f} h before the newest of the feeds"
        onset = read[feed] + promised if verdict == "FAIL" else None
        evidence_at = newest if verdict == "FAIL" else read[feed]
        yield Finding(feed, "mixed_times", verdict, fact, onset=onset, evidence_at=evidence_at)


@detects("totals_disagree")
def totals_disagree(histories: Histories) -> Iterator[Finding]:
    """Sums that two feeds should share differ (mode F3), in more of what landed on a day than usual dirt explains.

    Days are judged three together as well.
    """
    for history in histories.values():
        days = [day for day in history.totals if day.parents]
        if not days:
            is_declared = history.contract.watch.totals_with is not None
            fact = "nothing landed in both feeds" if is_declared else "the contract compares no total with a parent's"
            yield Finding(history.feed, "totals_disagree", "UNKNOWN", fact)
            continue
        parts = [dirt.Part(day.day, day.parents, day.differing) for day in days]
        looks = (dirt.look(parts[:ended], dirt.NEVER, together=DAYS_TOGETHER) for ended in range(1, len(parts) + 1))
        beyond = [day for day, look in zip(days, looks, strict=True) if look.is_beyond]
        if not beyond:
            yield Finding(history.feed, "totals_disagree", "PASS", "sums agree", evidence_at=days[0].counted_at)
            continue
        differing, parents = sum(day.differing for day in beyond), sum(day.parents for day in beyond)
        yield Finding(
            history.feed,
            "totals_disagree",
            "FAIL",
            f"{differing:,} of {parents:,} rows of {beyond[0].parent} differ from the sum of theirs here, "
            f"landed since {beyond[0].day:%Y-%m-%d}",
            rows=differing,
            onset=beyond[0].day,
            evidence_at=days[0].counted_at,
        )


def last_read(history: FeedHistory) -> datetime | None:
    """When the source was last read to the end."""
    return max((run.started_at for run in history.runs if run.is_good), default=None)


def _without(history: FeedHistory, otherwise: str) -> str:
    return otherwise if history.contract.watch.parents else "the contract names no parent"


def _days_beyond(days: Sequence[LinkDay]) -> list[LinkDay]:
    """Days with more orphans than usual; where there were none before, with two that stand out among their rows."""
    parts = [dirt.Part(day.landed_on, day.rows, day.orphans) for day in days]
    beyond: list[LinkDay] = []
    ordinary: list[dirt.Part] = []
    for place, day in enumerate(days):
        if dirt.look(parts[: place + 1]).is_beyond or dirt.is_first([*ordinary, parts[place]]):
            beyond.append(day)
        else:
            ordinary.append(parts[place])
    return beyond


def _orphans(history: FeedHistory, column: str, days: list[LinkDay], counted_at: datetime) -> Finding:
    waiting = sum(day.orphans for day in days)
    oldest = min(day.oldest_at for day in days if day.oldest_at)
    fact = f"{waiting:,} rows wait for their {days[0].parent} by {column}, the oldest since {oldest:%Y-%m-%d %H:%M} UTC"
    return Finding(
        history.feed,
        "orphans",
        "FAIL",
        fact,
        segment=column,
        rows=waiting,
        onset=oldest,
        evidence_at=counted_at,
        evidence={"parent": days[0].parent, "rows": sum(day.rows for day in days)},
    )
