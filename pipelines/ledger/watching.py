"""Rounds of watching as the ledger knows them: unbroken stretches, so that a year of looking stays small."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipelines.ledger.database import Ledger, moment, stamp


@dataclass(frozen=True)
class Stretch:
    """A time in which the feeds were looked at as agreed. `next_by` is when the next look is due; None: none is."""

    began_at: datetime
    last_at: datetime
    next_by: datetime | None
    looks: int


def record_look(ledger: Ledger, now: datetime, next_by: datetime | None) -> None:
    """Write a look down; one that came in time prolongs its stretch."""
    due = stamp(next_by) if next_by else None
    with ledger.transaction() as connection:
        prolonged = connection.execute(
            """UPDATE watching SET last_at = ?1, next_by = ?2, looks = looks + 1
               WHERE began_at = (SELECT max(began_at) FROM watching) AND (next_by IS NULL OR next_by >= ?1)""",
            (stamp(now), due),
        )
        if not prolonged.rowcount:
            connection.execute("INSERT OR REPLACE INTO watching VALUES (?, ?, ?, 1)", (stamp(now), stamp(now), due))


def last_stretch(ledger: Ledger) -> Stretch | None:
    """The newest stretch; None when nobody ever looked."""
    row = ledger.row("SELECT * FROM watching ORDER BY began_at DESC LIMIT 1")
    if row is None:
        return None
    return Stretch(
        datetime.fromisoformat(row["began_at"]),
        datetime.fromisoformat(row["last_at"]),
        moment(row["next_by"]),
        row["looks"],
    )
