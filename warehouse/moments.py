"""Moments as the warehouse keeps them."""

from __future__ import annotations

from datetime import UTC, datetime


def utc(moment: datetime) -> datetime:
    """An aware moment as DuckDB's TIMESTAMP holds it. Raises ValueError for a moment without zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no zone. Pass an aware UTC time.")
    return moment.astimezone(UTC).replace(tzinfo=None)
