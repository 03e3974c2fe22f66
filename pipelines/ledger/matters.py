"""Matters of customers that somebody has to see to, as the last published snapshot showed them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pipelines.ledger.database import Ledger, moment, stamp


@dataclass(frozen=True)
class Matter:
    """What is open of one kind (`failure`) with one customer or team (`segment`): how much, of how many customers,
    what, and since when."""

    failure: str
    segment: str
    open_count: int
    customer_count: int
    what: str
    first_at: datetime | None


@dataclass(frozen=True)
class Matters:
    """What the snapshot of `counted_at` showed; what was open before and is settled has `open_count` 0."""

    counted_at: datetime
    found: tuple[Matter, ...]

    def of(self, failure: str) -> tuple[Matter, ...]:
        """Those of one kind, by segment."""
        return tuple(one for one in self.found if one.failure == failure)


def record_matters(ledger: Ledger, found: Iterable[Matter], snapshot_at: datetime) -> None:
    """Replace what was known of each customer and team; those that are not found any more have nothing open."""
    at = stamp(snapshot_at)
    with ledger.transaction() as connection:
        connection.execute("UPDATE customer_matter SET open_count = 0, customer_count = 0, counted_at = ?", (at,))
        connection.executemany(
            "INSERT OR REPLACE INTO customer_matter VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    *(one.failure, one.segment, one.open_count, one.customer_count, one.what),
                    *(one.first_at and stamp(one.first_at), at),
                )
                for one in found
            ],
        )
        connection.execute("INSERT OR REPLACE INTO matter_count VALUES (1, ?)", (at,))


def read_matters(ledger: Ledger) -> Matters | None:
    """What was recorded last; None when no snapshot was looked at yet."""
    row = ledger.row("SELECT counted_at FROM matter_count")
    counted_at = moment(row["counted_at"]) if row else None
    if counted_at is None:
        return None
    found = ledger.rows("SELECT * FROM customer_matter ORDER BY failure, segment")
    return Matters(
        counted_at,
        tuple(
            Matter(
                *(row["failure"], row["segment"], row["open_count"], row["customer_count"], row["what"]),
                moment(row["first_at"]),
            )
            for row in found
        ),
    )
