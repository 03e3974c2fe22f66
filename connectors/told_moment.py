"""A moment that a source tells of itself: its heartbeat, or the time up to which it was fed."""

from __future__ import annotations

from datetime import UTC, datetime

from connectors.delivery import FeedTrouble


def told_moment(feed: str, place: str, value: object) -> datetime | None:
    """The moment in UTC, of a time (UTC unless it says its offset) or epoch seconds; None when nothing was told.

    Raises:
        FeedTrouble: kind 'contract' for what is no moment. `place` is the key of the contract that asks for it.
    """
    if value is None or value == "":
        return None
    try:
        moment = value if isinstance(value, datetime) else _read(str(value))
    except (ValueError, OverflowError, OSError):
        fact = f"{place} gives '{value}', which is no moment"
        raise FeedTrouble(feed, fact, "Have it give one time, or epoch seconds.", kind="contract") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _read(text: str) -> datetime:
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except ValueError:
        return datetime.fromisoformat(text)
