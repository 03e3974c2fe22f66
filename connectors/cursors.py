"""Cursor values: how they are read from landed rows, written in manifests and turned into the next window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectors.contract import Cursor
from connectors.delivery import Window
from connectors.quoting import quoted


def cursor_expression(cursor: Cursor) -> str:
    """DuckDB expression that reads the cursor column as TIMESTAMP (UTC) or BIGINT; null where it cannot be read.

    The session's time zone must be UTC, so that texts without a zone are read as UTC.
    """
    column = quoted(cursor.column)
    if cursor.type == "integer":
        return f"TRY_CAST({column} AS BIGINT)"
    if cursor.type == "epoch":
        return f"to_timestamp(TRY_CAST({column} AS DOUBLE))::TIMESTAMP"
    if cursor.type == "epoch_ms":
        return f"to_timestamp(TRY_CAST({column} AS DOUBLE) / 1000)::TIMESTAMP"
    return f"TRY_CAST(TRY_CAST({column} AS TIMESTAMPTZ) AS TIMESTAMP)"


def cursor_text(value: datetime | int | None) -> str | None:
    """A cursor value as manifests write it: ISO 8601 in UTC, or digits."""
    if value is None:
        return None
    if isinstance(value, datetime):
        aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return aware.isoformat()
    return str(value)


def cursor_value(cursor: Cursor, text: str | None) -> datetime | int | None:
    """The reverse of `cursor_text`."""
    if text is None:
        return None
    return int(text) if cursor.type == "integer" else datetime.fromisoformat(text)


def source_value(cursor: Cursor, text: str | None) -> datetime | int | None:
    """A cursor value as its source writes it; None where it cannot be read. A time without a zone is meant in UTC."""
    if text is None:
        return None
    try:
        if cursor.type == "integer":
            return int(text)
        if cursor.type != "timestamp" and text.replace(".", "", 1).isdigit():
            return datetime.fromtimestamp(float(text) / (1000 if cursor.type == "epoch_ms" else 1), UTC)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def later(cursor: Cursor | None, before: str | None, reached: str | None) -> str | None:
    """The cursor after a batch: it never goes back."""
    if cursor is None or before is None or reached is None:
        return reached or before
    return before if is_after(cursor_value(cursor, before), cursor_value(cursor, reached)) else reached


def is_after(one: datetime | int | None, other: datetime | int | None) -> bool:
    """Whether one value lies after another of its kind; of different kinds, and of no value, none lies after one."""
    if isinstance(one, datetime) and isinstance(other, datetime):
        return one > other
    return isinstance(one, int) and isinstance(other, int) and one > other


def next_window(cursor: Cursor | None, cursor_before: str | None, source_clock: datetime) -> Window:
    """[cursor − overlap, source clock − lag], inclusive at both ends; all of it when there is no cursor yet.

    The overlap of an integer cursor is none: numbers given out by a sequence have no clock to be late by, and equal
    numbers are read again because the lower bound is inclusive.
    """
    if cursor is None:
        return Window()
    value = cursor_value(cursor, cursor_before)
    if cursor.type == "integer":
        return Window(lower=value)
    lower = value - cursor.overlap if isinstance(value, datetime) else None
    return Window(
        lower=lower,
        upper=source_clock - cursor.lag if cursor.lag > timedelta(0) else None,
        future_from=source_clock + cursor.future_skew,
    )


def believed_until(cursor: Cursor | None, now: datetime) -> datetime | None:
    """The latest moment that a row may bear without being dated in the future; None where the cursor is no time."""
    return now + cursor.future_skew if cursor is not None and cursor.type != "integer" else None


def backfill_window(cursor: Cursor, cursor_before: str, since: datetime) -> Window:
    """[since, cursor], inclusive at both ends: what lies behind the cursor, which therefore stays where it is."""
    return Window(lower=since, upper=cursor_value(cursor, cursor_before))
