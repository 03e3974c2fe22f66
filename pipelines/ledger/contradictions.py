"""Customers against whose word the company acted, as the last published snapshot showed them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pipelines.ledger.database import Ledger, moment, stamp


@dataclass(frozen=True)
class ContradictedCustomer:
    """Acts against one customer's instructions that are not made good: how many, which, and since when."""

    customer_id: str
    open_count: int
    what: str
    first_at: datetime | None


@dataclass(frozen=True)
class Contradictions:
    """What the snapshot of `counted_at` showed; customers whose matters are settled since have `open_count` 0."""

    counted_at: datetime
    customers: tuple[ContradictedCustomer, ...]


def record_contradictions(ledger: Ledger, found: Iterable[ContradictedCustomer], snapshot_at: datetime) -> None:
    """Replace what was known of each customer; those who are not found any more have nothing open."""
    at = stamp(snapshot_at)
    with ledger.transaction() as connection:
        connection.execute("UPDATE contradicted_customer SET open_count = 0, counted_at = ?", (at,))
        connection.executemany(
            "INSERT OR REPLACE INTO contradicted_customer VALUES (?, ?, ?, ?, ?)",
            [(one.customer_id, one.open_count, one.what, one.first_at and stamp(one.first_at), at) for one in found],
        )
        connection.execute("INSERT OR REPLACE INTO contradiction_count VALUES (1, ?)", (at,))


def read_contradictions(ledger: Ledger) -> Contradictions | None:
    """What was recorded last; None when no snapshot was looked at yet."""
    row = ledger.row("SELECT counted_at FROM contradiction_count")
    counted_at = moment(row["counted_at"]) if row else None
    if counted_at is None:
        return None
    customers = ledger.rows("SELECT * FROM contradicted_customer ORDER BY customer_id")
    return Contradictions(
        counted_at,
        tuple(
            ContradictedCustomer(row["customer_id"], row["open_count"], row["what"], moment(row["first_at"]))
            for row in customers
        ),
    )
