"""What kind of time a moment is: life at ten on a Tuesday is compared with life at ten on Tuesdays."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

SATURDAY = 5
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Days of their own, which come too seldom to be learned within four weeks.
SPECIAL = ("holiday", "month-end")
WIDER = ("work", "weekend", "any")


class DayClasses:
    """Classes of time in a time zone, with the public holidays of a country (None: no holidays are known).

    A class is a day and, for hours, the local hour: 'tue 14', 'holiday 9', 'month-end 0'; a wider class joins workdays
    and weekends: 'work 14'. Local time, since life follows the clock on the wall through both changes of it.
    """

    def __init__(self, timezone: str, calendar: str | None) -> None:
        self._zone = ZoneInfo(timezone)
        self._calendar = calendar

    def hour(self, moment: datetime) -> str:
        """Hour of the week."""
        local = moment.astimezone(self._zone)
        return f"{self.day(local.date())} {local.hour}"

    def day(self, local: date) -> str:
        """Day of the week, or the special day that it is."""
        if self._calendar is not None and local in public_holidays(self._calendar, local.year):
            return "holiday"
        if (local + timedelta(days=1)).day == 1:
            return "month-end"
        return WEEKDAYS[local.weekday()]

    def local_date(self, moment: datetime) -> date:
        """The day on the wall."""
        return moment.astimezone(self._zone).date()

    def begin(self, local: date) -> datetime:
        """The moment at which a local day begins."""
        return datetime(local.year, local.month, local.day, tzinfo=self._zone)

    def touches_special(self, begins: datetime, ends: datetime) -> bool:
        """Whether a special day lies in a span, ends included."""
        first, last = self.local_date(begins), self.local_date(ends)
        return any(self.day(first + timedelta(days=ahead)) in SPECIAL for ahead in range((last - first).days + 1))


@cache
def day_classes(timezone: str, calendar: str | None) -> DayClasses:
    """The classes of a time zone and calendar, made once."""
    return DayClasses(timezone, calendar)


@cache
def public_holidays(calendar: str, year: int) -> frozenset[date]:
    """Public holidays of a country (DE) or a part of it (US-CA) in a year; none where the calendar is not known."""
    import holidays  # a tenth of a second, which only feeds with a calendar pay

    country, _, part = calendar.partition("-")
    try:
        return frozenset(holidays.country_holidays(country, subdiv=part or None, years=year))
    except NotImplementedError:
        return frozenset()


def wider_class(name: str) -> str:
    """The class that joins workdays or weekends: 'tue 14' → 'work 14'. Special days, and no class, stay as they are."""
    day, _, hour = name.partition(" ")
    if not day or day in SPECIAL or day in WIDER:
        return name
    wider = "work" if WEEKDAYS.index(day) < SATURDAY else "weekend"
    return f"{wider} {hour}" if hour else wider


def class_chain(name: str) -> tuple[str, ...]:
    """A class and those that hold it, the widest last: 'tue 14' → 'tue 14', 'work 14', 'any 14'."""
    hour = name.partition(" ")[2]
    chain = (name, wider_class(name), f"any {hour}" if hour else "")
    return tuple(dict.fromkeys(one for one in chain if one))


def is_special(name: str) -> bool:
    """Whether a class is one of a special day."""
    return name.partition(" ")[0] in SPECIAL
