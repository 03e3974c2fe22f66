"""Missing children: what usually follows a row of another feed, as a parcel an order, does not come.

How many first children a day should bring follows from the parents that are new or had none the day before, and from
how soon children usually come: a campaign brings more parents, and no more that come late. Too few children are told
when chance hardly ever brings so few: for a Poisson count of mean m, P(X ≤ k) ≤ exp(−(m − k + k ln(k/m)))
(Mitzenmacher, Upfal: Probability and Computing, 2017, theorem 5.4). As some days are always slow, so few must also be
unlikely at the pace of the slowest days learned from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import log

from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory
from pipelines.ledger.links import FollowDay

Histories = Mapping[str, FeedHistory]
DAY = timedelta(days=1)
# Looked at together: the newest day, and so many newest days.
SPANS = (1, 2, 3, 7)
# -ln of how often chance, and the slowest days, may bring so few: it is counted once a day, not in each sync.
SURPRISE = log(1e4)
SLOW_SURPRISE = SURPRISE / 2
# The newest days are looked at before they are learned; each day of the week was learned from once.
HELD_OUT, FEWEST_DAYS = max(SPANS), 7


@dataclass(frozen=True)
class Brood:
    """First children that came on a day for the parents of an earlier one.

    `fresh` parents were not here the day before, `waiting` ones were and had no child.
    """

    on: datetime
    age: int
    fresh: int
    waiting: int
    born: int


@detects("missing_children")
def missing_children(histories: Histories) -> Iterator[Finding]:
    """First children of the newest days against what the parents of the days before let expect (mode F2), by column."""
    for history in histories.values():
        columns: dict[str, list[FollowDay]] = defaultdict(list)
        for day in history.followed:
            columns[day.column].append(day)
        looked = [finding for column, days in columns.items() for finding in _of_column(history, column, days)]
        if not looked:
            is_declared = bool(history.contract.watch.parents)
            fact = "too few days yet to know what is usual" if is_declared else "the contract names no parent"
            looked = [Finding(history.feed, "missing_children", "UNKNOWN", fact)]
        yield from looked


def _of_column(history: FeedHistory, column: str, days: Sequence[FollowDay]) -> Iterator[Finding]:
    broods = list(_broods(days))
    newest = max((one.on for one in broods), default=None)
    if newest is None:
        return
    learned = [one for one in broods if one.on <= newest - HELD_OUT * DAY]
    usual, counted_at = _usual(learned), max(one.counted_at for one in days)
    if len({one.on for one in learned}) < FEWEST_DAYS:
        return
    for span in SPANS:
        expected, born = _sums(broods, usual, newest, span)
        lowest = min(_ratios(learned, usual, span), default=0.0)
        if _exponent(expected, born) > SURPRISE and _exponent(lowest * expected, born) > SLOW_SURPRISE:
            yield Finding(
                history.feed,
                "missing_children",
                "FAIL",
                f"{born:,} rows of {days[0].parent} got their first row here in {span} days, usual are {expected:,.0f}",
                segment=column,
                rows=round(expected) - born,
                onset=newest - (span - 1) * DAY,
                evidence_at=counted_at,
                evidence={"days": span, "expected": round(expected, 1), "came": born},
            )
            return
    fact = f"as many rows of {days[0].parent} as usual got their first row here"
    yield Finding(history.feed, "missing_children", "PASS", fact, evidence_at=counted_at)


def _broods(days: Sequence[FollowDay]) -> Iterator[Brood]:
    """What each day at each age has more than a day before; at age 0 all that it has."""
    by_day: dict[datetime, list[FollowDay]] = defaultdict(list)
    for one in days:
        by_day[one.day].append(one)
    for day, ages in by_day.items():
        if ages[0].age == 0:
            yield Brood(day, 0, ages[0].parents, 0, ages[0].followed)
        for before, after in pairwise(ages):
            if after.age == before.age + 1:
                fresh = max(after.parents - before.parents, 0)
                born = max(after.followed - before.followed, 0)
                yield Brood(day + after.age * DAY, after.age, fresh, before.parents - before.followed, born)


def _usual(broods: Sequence[Brood]) -> Mapping[int, float]:
    """Age → first children for each waiting parent; at age 0 for each fresh one, of whatever day."""
    fresh = sum(one.fresh for one in broods if one.age == 0)
    at_once = sum(one.born for one in broods if one.age == 0) / fresh if fresh else 0.0
    waiting: dict[int, int] = defaultdict(int)
    born: dict[int, float] = defaultdict(float)
    for one in broods:
        waiting[one.age] += one.waiting
        born[one.age] += one.born - at_once * one.fresh
    return {age: max(born[age], 0.0) / waiting[age] for age in waiting if waiting[age]} | {0: at_once}


def _sums(broods: Sequence[Brood], usual: Mapping[int, float], last: datetime, span: int) -> tuple[float, int]:
    """(expected, come) first children in so many days up to a day.

    A parent that waits through several of them is expected to have its first child once.
    """
    inside = [one for one in broods if last - span * DAY < one.on <= last]
    expected, left = 0.0, dict[datetime, float]()
    for one in sorted(inside, key=lambda one: one.age):
        parents_day = one.on - one.age * DAY
        waiting = left.get(parents_day, float(one.waiting))
        due = one.fresh * usual[0] + waiting * usual.get(one.age, 0.0)
        left[parents_day] = waiting + one.fresh - due
        expected += due
    return expected, sum(one.born for one in inside)


def _ratios(broods: Sequence[Brood], usual: Mapping[int, float], span: int) -> Iterator[float]:
    """Come for each expected, for every span of so many days that expects at least half of what the busiest does.

    Of the first days of a life few ages are known, so that little is expected and none may come by chance.
    """
    found = [_sums(broods, usual, last, span) for last in {one.on for one in broods}]
    least = max((expected for expected, _ in found), default=0.0) / 2
    yield from (born / expected for expected, born in found if expected and expected >= least)


def _exponent(expected: float, born: int) -> float:
    """Of the bound on the chance of so few; 0 where there are no fewer than expected."""
    if born >= expected:
        return 0.0
    return expected - born + (born * log(born / expected) if born else 0.0)
