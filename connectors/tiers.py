"""Tiers: closed stretches of a feed's cursor, which no further sync will read, and how DuckDB is asked about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from connectors.contract import Cursor, FeedContract
from connectors.cursors import cursor_value
from connectors.manifest import Manifest

# How far back the windows of a comparison reach, in days: most differences are young, and old ones are rare but stay.
WINDOWS = (1, 7, 30, 90)
# Ten years: whatever a source still holds. It is read less often, as the last window then is most of the feed.
EVERYTHING = 3_650
_SUNDAY = 7

Bound = datetime | int | None


@dataclass(frozen=True)
class Tier:
    """A closed stretch of the cursor, from `lower` up to but not including `upper`; None is unbounded.

    `days` says how far back it reaches from the end of what is closed; 0 is the whole of a feed without cursor. Moments
    are naive UTC, as cursor values are in DuckDB.
    """

    days: int
    lower: Bound
    upper: Bound


def days_compared(night: datetime) -> int:
    """How far back the scheduled comparison of a night reaches, in days: on Sundays all."""
    return EVERYTHING if night.isoweekday() == _SUNDAY else WINDOWS[-1]


def windows_up_to(days: int) -> list[int]:
    """The windows that together reach back at least so many days."""
    covered = [window for window in WINDOWS if window < days]
    return [*covered, next((window for window in WINDOWS if window >= days), days)]


def closed_tiers(contract: FeedContract, manifests: Sequence[Manifest], days: int) -> list[Tier]:
    """Tiers that reach back `days`, youngest first and without overlap; none when nothing is closed yet.

    Closed is what lies behind the cursor by more than the overlap: what a sync reads again is no difference yet. An
    integer cursor has no time, so its tiers end where it stood so many days ago.
    """
    cursor = contract.cursor
    if cursor is None:
        return [Tier(0, None, None)]
    if not manifests or manifests[-1].cursor_after is None:
        return []
    end = _closed_end(cursor, manifests[-1].cursor_after)
    tiers: list[Tier] = []
    for window in windows_up_to(days):
        upper = tiers[-1].lower if tiers else end
        lower = end - timedelta(days=window) if isinstance(end, datetime) else _stood_at(cursor, manifests, window)
        tiers.append(Tier(window, lower, upper))
        if lower is None:
            break
    return tiers


def _closed_end(cursor: Cursor, cursor_after: str) -> datetime | int:
    value = cursor_value(cursor, cursor_after)
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) - cursor.overlap
    assert value is not None  # noqa: S101  (the text is not None)
    return value


def _stood_at(cursor: Cursor, manifests: Sequence[Manifest], days: int) -> int | None:
    """Where an integer cursor stood so many days before the newest batch; None when there was no batch then."""
    limit = datetime.fromisoformat(manifests[-1].landed_at) - timedelta(days=days)
    before = [m.cursor_after for m in manifests if datetime.fromisoformat(m.landed_at) <= limit]
    value = cursor_value(cursor, before[-1]) if before else None
    return value if isinstance(value, int) else None


def bound_literal(bound: datetime | int) -> str:
    """DuckDB: a bound."""
    return f"TIMESTAMP '{bound.isoformat()}'" if isinstance(bound, datetime) else str(bound)


def within(position: str, lower: Bound, upper: Bound) -> str:
    """DuckDB: a position lies from `lower` up to but not including `upper`. NULL lies in nothing that has an end."""
    above = f"{position} >= {bound_literal(lower)}" if lower is not None else "true"
    below = f"{position} < {bound_literal(upper)}" if upper is not None else "true"
    return f"({above} AND {below})"


def within_any(position: str, scope: Sequence[tuple[Bound, Bound]]) -> str:
    """DuckDB: a position lies in one of the stretches."""
    return " OR ".join(within(position, lower, upper) for lower, upper in scope) or "false"


def joined(scope: Sequence[tuple[Bound, Bound]]) -> list[tuple[Bound, Bound]]:
    """The same stretches in order, those that meet made one."""
    found: list[tuple[Bound, Bound]] = []
    for lower, upper in sorted(scope, key=lambda stretch: (stretch[0] is not None, stretch[0])):
        if found and found[-1][1] is not None and found[-1][1] == lower:
            found[-1] = (found[-1][0], upper)
        else:
            found.append((lower, upper))
    return found
