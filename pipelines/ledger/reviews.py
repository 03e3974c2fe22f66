"""Sittings of reviews: how long people looked at pairs. Who they were is not kept."""

from __future__ import annotations

from datetime import datetime

from pipelines.ledger.database import Ledger, stamp


def record_sitting(ledger: Ledger, began_at: datetime, pairs: int, seconds: float) -> None:
    """Record that somebody looked at so many pairs, for so long in all."""
    ledger.write("INSERT INTO review_sitting VALUES (?, ?, ?)", stamp(began_at), pairs, seconds)
