"""Breaches: in how many rows of a staged batch something was wrong, by kind, without any value of a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pipelines.ledger.database import Ledger, stamp


@dataclass(frozen=True)
class BreachRecord:
    """`rows` of a batch with one kind of breach.

    `kind`: unreadable, swapped_date, unknown_code, rule, test_row, own_row, key_reused, shifted or restamped. `columns`
    are joined by ', '. `code` is a hash of a code that the contract does not know, or by how many seconds times are
    shifted; '' for other kinds.
    """

    batch_id: str
    kind: str
    rule: str
    columns: str
    code: str
    rows: int


def record_breaches(ledger: Ledger, feed: str, breaches: Iterable[BreachRecord], now: datetime) -> None:
    """Write the breaches of a batch down; those of a batch that was counted before stay as they are."""
    with ledger.transaction() as connection:
        connection.executemany(
            "INSERT OR IGNORE INTO batch_breach VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(feed, b.batch_id, b.kind, b.rule, b.columns, b.code, b.rows, stamp(now)) for b in breaches],
        )


def codes_since(ledger: Ledger, feed: str) -> dict[tuple[str, str], datetime]:
    """(column, hash of a code that the contract does not know) → when it first came, however long ago."""
    rows = ledger.rows(
        """SELECT column_name, code, min(recorded_at) AS at FROM batch_breach
           WHERE feed = ? AND kind = 'unknown_code' GROUP BY 1, 2""",
        feed,
    )
    return {(row["column_name"], row["code"]): datetime.fromisoformat(row["at"]) for row in rows}


def read_breaches(ledger: Ledger, feed: str, since: datetime) -> list[BreachRecord]:
    """Breaches of the feed's batches counted since a moment, oldest first."""
    rows = ledger.rows(
        """SELECT * FROM batch_breach WHERE feed = ? AND recorded_at >= ?
           ORDER BY recorded_at, batch_id, kind, rule, column_name, code""",
        feed,
        stamp(since),
    )
    return [
        BreachRecord(row["batch_id"], row["kind"], row["rule"], row["column_name"], row["code"], row["row_count"])
        for row in rows
    ]
