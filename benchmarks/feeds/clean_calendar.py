"""The calendars of long clean lives: the rhythm of their weeks, and when happens what frightens and is right.

The rhythm is told to nobody but by `watch.calendar`; every happening is announced in the contracts of the feeds that it
befalls, as the guide asks, three days before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

from clean_life import BURST, GROWTH, HOLIDAY, MONTH_END, WEEKEND

from connectors.contract import Announced
from pipelines.freshness.day_classes import public_holidays
from sample_company.happenings import DAILY_VOLUMES, Volumes

SATURDAY = 5
# A calendar is full after so many days and begins again.
CYCLE = 70
FIRST_WEEKS = 21
KNOWN_BEFORE = timedelta(days=3)

Kind = Literal["outage", "backfill", "volume", "columns"]
SHOP = ("shop.orders", "shop.payments", "shop.accounts")


@dataclass(frozen=True)
class Happening:
    """Something that was planned. `first` and `last` are the days on which it is done to the company.

    It is announced from the beginning of `first` to `tail` after the end of `last`; an outage lasts just as long.
    """

    name: str
    kind: Kind
    feeds: tuple[str, ...]
    first: int
    last: int
    begins: datetime
    ends: datetime

    @property
    def announcement(self) -> Announced:
        """What the contracts of its feeds say."""
        return Announced(kind=self.kind, begins=self.begins, ends=self.ends, note=f"planned: {self.name}")

    def is_on(self, moment: datetime) -> bool:
        """Whether a moment lies in the time for which it is announced."""
        return self.begins <= moment <= self.ends


@dataclass(frozen=True)
class Plan:
    """A happening in every cycle, or in the first alone: from which of its days on, for how long, how long told of."""

    name: str
    kind: Kind
    feeds: tuple[str, ...]
    day: int
    days: int = 1
    after: timedelta = timedelta(days=1)
    begins: time = time(0)
    is_once: bool = False


# What follows from orders comes within two weeks of them: money, parcels, returns. Tickets are settled within one.
PLANS = (
    Plan("language of accounts", "columns", ("shop.accounts",), 22, is_once=True),
    Plan("recall", "volume", ("helpdesk.tickets",), 23, after=timedelta(days=10)),
    Plan("orders of the old shop", "backfill", ("shop.orders", "shop.payments"), 25),
    Plan("shop moves house", "outage", SHOP, 28, after=timedelta(hours=10), begins=time(22)),
    Plan("mood of tickets", "columns", ("helpdesk.tickets",), 29, is_once=True),
    Plan("sweepstake", "volume", ("website.registrations",), 30),
    Plan("helpdesk is mended", "outage", ("helpdesk.tickets",), 31, after=timedelta(hours=16), begins=time(20)),
    Plan("carrier is closed", "outage", ("carrier.shipments",), 32, days=2),
    Plan("campaign", "volume", ("shop.orders", "shop.payments", "carrier.shipments"), 34, after=timedelta(days=14)),
)
# Of which business a happening brings twenty times as much.
BURSTS = {"campaign": "orders", "recall": "tickets", "sweepstake": "forms"}


@dataclass(frozen=True)
class Life:
    """One company's life: `start` is its first day; time is on the wall of `zone`, holidays are those of `country`.

    At half past `hours` on that wall the shop, the helpdesk and the mailer are read. What is planned happens `shift`
    days later than in other lives.
    """

    number: int
    start: date
    customers: int
    zone: str = "Europe/Berlin"
    country: str = "DE"
    shift: int = 0
    hours: tuple[int, ...] = (2, 5, 8, 11, 14, 17, 20, 23)
    plans: tuple[Plan, ...] = PLANS

    @cached_property
    def happenings(self) -> tuple[Happening, ...]:
        """All of five cycles."""
        cycles = [(cycle, plan) for cycle in range(5) for plan in self.plans if cycle == 0 or not plan.is_once]
        return tuple(self._planned(plan, cycle) for cycle, plan in cycles)

    def volumes(self, day: int) -> Volumes:
        """How much happens on a day: growth, weekends, holidays, month ends, bursts."""
        pace = GROWTH ** (day / 7) * self._rhythm(day)
        bursting = {BURSTS[one.name] for one in self.happenings if one.name in BURSTS and one.first <= day <= one.last}
        found = {
            topic: getattr(DAILY_VOLUMES, topic) * pace * (BURST if topic in bursting else 1.0)
            for topic in ("orders", "tickets", "forms", "notes")
        }
        return replace(DAILY_VOLUMES, **found)

    def moments(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """When the shop, the helpdesk and the mailer are read after one moment and up to another (UTC)."""
        zone, day = ZoneInfo(self.zone), after.date() - timedelta(days=1)
        while day <= until.date() + timedelta(days=1):
            for hour in self.hours:
                moment = datetime(day.year, day.month, day.day, hour, 30, tzinfo=zone).astimezone(UTC)
                if after < moment <= until:
                    yield moment
            day += timedelta(days=1)

    def announced_at(self, moment: datetime) -> dict[str, list[str]]:
        """Feed → what is announced for it."""
        found: dict[str, list[str]] = {}
        for one in self.happenings:
            for feed in one.feeds if one.is_on(moment) else ():
                found.setdefault(feed, []).append(one.name)
        return found

    def kinds_of_day(self, day: int, moment: datetime) -> list[str]:
        """What there is about a day and the moment at which it is read."""
        date_of_rows = self.start + timedelta(days=day)
        zone = ZoneInfo(self.zone)
        offsets = {(moment + timedelta(hours=hours)).astimezone(zone).utcoffset() for hours in (-24, 24)}
        facts = {
            "first weeks": day < FIRST_WEEKS,
            "weekend": date_of_rows.weekday() >= SATURDAY,
            "public holiday": date_of_rows in public_holidays(self.country, date_of_rows.year),
            "month end": (date_of_rows + timedelta(days=1)).day == 1,
            "clocks change": len(offsets) > 1,
        }
        return [name for name, is_so in facts.items() if is_so]

    def _rhythm(self, day: int) -> float:
        on = self.start + timedelta(days=day)
        if on in public_holidays(self.country, on.year):
            return HOLIDAY
        if on.weekday() >= SATURDAY:
            return WEEKEND
        return MONTH_END if (on + timedelta(days=1)).day == 1 else 1.0

    def _planned(self, plan: Plan, cycle: int) -> Happening:
        first = cycle * CYCLE + plan.day + self.shift
        last = first + plan.days - 1
        begins = datetime.combine(self.start + timedelta(days=first), plan.begins, UTC)
        over = datetime.combine(self.start + timedelta(days=last + 1), time(0), UTC)
        return Happening(plan.name, plan.kind, plan.feeds, first, last, begins, over + plan.after)


# Begun so that a change of the clock lies within the first four months of each, and both changes, Christmas, Easter and
# the holidays of May within those of all.
LIVES = (
    Life(1, date(2024, 9, 16), 1000, hours=tuple(range(0, 24, 2))),
    Life(2, date(2024, 2, 19), 600, shift=1),
    Life(3, date(2024, 12, 2), 1500, shift=2),
    Life(4, date(2025, 2, 3), 1000, "America/New_York", "US", shift=3),
    Life(5, date(2025, 9, 29), 2000, shift=4),
)
