"""Missing children: what usually follows a row of another feed, as a parcel an order, does not come.

How many first children a day should bring follows from the parents that are new or had none the day before, and from
how soon children usually come: a campaign brings more parents, and no more that come late. Too few children are told
when chance hardly ever brings so few. Each parent has its own chance of a first child; up to one below the mean, so few
are at most as likely as if all had the average chance (Hoeffding: On the distribution of the number of successes in
independent trials, 1956, theorem 4). So a few are told where nearly every parent is followed, and many where only some
are. As some days are always slow, so few must also be unlikely at the pace of the slowest days learned from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import exp, lgamma, log, log1p

from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory
from pipelines.ledger.links import FollowDay

Histories = Mapping[str, FeedHistory]
DAY = timedelta(days=1)
# Looked at together: the newest day, and so many newest days.
SPANS = (1, 2, 3, 7)
# How often chance, and the slowest days, may bring so few: it is counted once a day, not in each sync.
RARE, RARE_WHEN_SLOW = 1e-4, 1 / 200
# The newest days are looked at before they are learned; each day of the week was learned from once.
HELD_OUT, FEWEST_DAYS = max(SPANS), 7
# Fewer still are left out of a sum when they add less than this share of it.
ROUNDING = 1e-9


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


@dataclass(frozen=True)
class Due:
    """First children that some days should have brought to so many parents, and those that came."""

    parents: int
    expected: float
    born: int

    def chance(self, *, at: float = 1.0) -> float:
        """Bound on the chance of so few at a share of the usual pace; 1 where there are hardly fewer than that."""
        n, few, expected = self.parents, self.born, at * self.expected
        if few > expected - 1:
            return 1.0
        usual = expected / n
        ways = lgamma(n + 1) - lgamma(few + 1) - lgamma(n - few + 1)
        likely = exp(ways + few * log(usual) + (n - few) * log1p(-usual))
        total, term = 0.0, likely
        while term > ROUNDING * total:
            total += term
            term *= few * (1 - usual) / ((n - few + 1) * usual)
            few -= 1
        return total


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
        due = _due(broods, usual, newest, span)
        slowest = min([1.0, *_ratios(learned, usual, span)])
        if due.chance() < RARE and due.chance(at=slowest) < RARE_WHEN_SLOW:
            yield Finding(
                history.feed,
                "missing_children",
                "FAIL",
                f"{due.born:,} rows of {days[0].parent} got their first row here in {span} days, "
                f"usual are {due.expected:,.0f}",
                segment=column,
                rows=round(due.expected) - due.born,
                onset=newest - (span - 1) * DAY,
                evidence_at=counted_at,
                evidence={"days": span, "expected": round(due.expected, 1), "came": due.born, "parents": due.parents},
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
    """Age → first children for each waiting parent; at age 0 for each fresh one, of whatever day.

    Never quite 0 or 1: half a child more and half a parent without one are added (Krichevsky, Trofimov: The
    performance of universal encoding, 1981).
    """
    fresh = sum(one.fresh for one in broods if one.age == 0)
    at_once = _chance(sum(one.born for one in broods if one.age == 0), fresh)
    waiting: dict[int, int] = defaultdict(int)
    born: dict[int, float] = defaultdict(float)
    for one in broods:
        waiting[one.age] += one.waiting
        born[one.age] += one.born - at_once * one.fresh
    return {age: _chance(min(max(born[age], 0.0), waiting[age]), waiting[age]) for age in waiting} | {0: at_once}


def _chance(born: float, parents: int) -> float:
    return (born + 0.5) / (parents + 1)


def _due(broods: Sequence[Brood], usual: Mapping[int, float], last: datetime, span: int) -> Due:
    """First children of so many days up to a day.

    A parent that waits through several of them is counted, and expected to have its first child, once.
    """
    inside = [one for one in broods if last - span * DAY < one.on <= last]
    parents, expected, left = 0, 0.0, dict[datetime, float]()
    for one in sorted(inside, key=lambda one: one.age):
        parents_day = one.on - one.age * DAY
        parents += one.fresh + (0 if parents_day in left else one.waiting)
        waiting = left.get(parents_day, float(one.waiting))
        due = one.fresh * usual[0] + waiting * usual.get(one.age, 0.0)
        left[parents_day] = waiting + one.fresh - due
        expected += due
    return Due(parents, expected, sum(one.born for one in inside))


def _ratios(broods: Sequence[Brood], usual: Mapping[int, float], span: int) -> Iterator[float]:
    """Come for each expected, for every span of so many days that expects at least half of what the busiest does.

    Of the first days of a life few ages are known, so that little is expected and none may come by chance.
    """
    found = [_due(broods, usual, last, span) for last in {one.on for one in broods}]
    least = max((due.expected for due in found), default=0.0) / 2
    yield from (due.born / due.expected for due in found if due.expected and due.expected >= least)
