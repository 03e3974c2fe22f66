"""The part of a table to read, as a SQL condition. Rows without a cursor value are always part of it.

A row that a sync never asks for is lost without a trace, so wherever a value's meaning is in doubt (local times around
a change of clocks, dates kept as free text) the condition is widened: a row read twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from connectors.contract import Cursor, FeedContract
from connectors.delivery import Window

Bound = datetime | int
_CLOCK_CHANGE = timedelta(hours=3)  # longer than any zone turns its clocks


@dataclass(frozen=True)
class Bounds:
    """A window in the cursor column's own terms. Naive datetimes are in the column's zone."""

    lower: Bound | None
    upper: Bound | None
    future_from: Bound | None

    @property
    def is_open(self) -> bool:
        """Whether everything is to be read."""
        return self.lower is None and self.upper is None


def cursor_zone(contract: FeedContract) -> ZoneInfo | None:
    """The zone in which the cursor column's times are meant, if a mapping says so."""
    for mapping in contract.columns.values():
        if contract.cursor is not None and mapping.column == contract.cursor.column and mapping.zone:
            return ZoneInfo(mapping.zone)
    return None


def numeric_bounds(window: Window, cursor: Cursor) -> Bounds:
    """The window for a cursor that is a number: moments become epoch seconds or milliseconds, rounded outwards."""
    scale = 1000 if cursor.type == "epoch_ms" else 1

    def number(bound: Bound | None, *, up: bool) -> int | None:
        if not isinstance(bound, datetime):
            return bound
        micros = (bound - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * scale
        return -(-micros // 1_000_000) if up else micros // 1_000_000

    return Bounds(number(window.lower, up=False), number(window.upper, up=True), number(window.future_from, up=False))


def moment_bounds(window: Window) -> Bounds:
    """The window for a cursor that is a moment; whole numbers are epoch seconds."""

    def moment(bound: Bound | None) -> datetime | None:
        return datetime.fromtimestamp(bound, UTC) if isinstance(bound, int) else bound

    return Bounds(moment(window.lower), moment(window.upper), moment(window.future_from))


def naive_bounds(bounds: Bounds, zone: ZoneInfo | None) -> Bounds:
    """The same window for times without zone, wide enough for times meant in UTC and for times meant in `zone`.

    Around a change of clocks it is widened by the hour that is told twice.
    """

    def lowest(bound: Bound | None) -> datetime | None:
        if not isinstance(bound, datetime):
            return None
        return min(_naive(bound, None), _naive(bound, zone), _naive(bound + _CLOCK_CHANGE, zone) - _CLOCK_CHANGE)

    def highest(bound: Bound | None) -> datetime | None:
        if not isinstance(bound, datetime):
            return None
        return max(_naive(bound, None), _naive(bound, zone), _naive(bound - _CLOCK_CHANGE, zone) + _CLOCK_CHANGE)

    return Bounds(lowest(bounds.lower), highest(bounds.upper), lowest(bounds.future_from))


def _naive(moment: datetime, zone: ZoneInfo | None) -> datetime:
    return moment.astimezone(zone or UTC).replace(tzinfo=None)


def condition(value: str, bounds: Bounds, literal: dict[str, str]) -> str:
    """SQL: `value` lies in the window, above its future bound, or is NULL. `literal` has the bounds as SQL by name."""
    if bounds.is_open:
        return "1 = 1"
    inside = []
    if bounds.lower is not None:
        inside.append(f"{value} >= {literal['lower']}")
    if bounds.upper is not None:
        inside.append(f"{value} <= {literal['upper']}")
    parts = [" AND ".join(inside), f"{value} IS NULL"]
    if bounds.future_from is not None and bounds.upper is not None:
        parts.append(f"{value} > {literal['future_from']}")
    return " OR ".join(f"({part})" for part in parts)


def untyped_condition(
    contract: FeedContract,
    window: Window,
    *,
    number: Callable[[str], str],
    moment: Callable[[str], str],
    literal: Callable[[object], str],
    margin: timedelta = timedelta(0),
) -> str:
    """The condition for a database whose columns do not tell in which zone their times are, or whether they are any.

    `number` and `moment` make SQL of the cursor column's name, `literal` of a time; a window of times is wider by
    `margin` at each end.
    """
    cursor = contract.cursor
    if cursor is None:
        return "1 = 1"
    if cursor.type != "timestamp":
        bounds = numeric_bounds(window, cursor)
        return condition(number(cursor.column), bounds, {key: str(bound) for key, bound in vars(bounds).items()})
    bounds = _widened(naive_bounds(moment_bounds(window), cursor_zone(contract)), margin)
    return condition(moment(cursor.column), bounds, {key: literal(bound) for key, bound in vars(bounds).items()})


def _widened(bounds: Bounds, margin: timedelta) -> Bounds:
    def moved(bound: Bound | None, by: timedelta) -> datetime | None:
        return bound + by if isinstance(bound, datetime) else None

    return Bounds(moved(bounds.lower, -margin), moved(bounds.upper, margin), moved(bounds.future_from, -margin))
