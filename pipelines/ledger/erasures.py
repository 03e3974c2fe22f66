"""Erasures: what was asked for, the certificate of each, and the tombstones by which erased rows are known again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipelines.ledger.database import Ledger, stamp


@dataclass(frozen=True)
class Erasure:
    """One request. `certificate` is None until all is erased and searched; then what was kept for the search goes."""

    erasure_id: str
    customer_ids: tuple[str, ...]
    reason: str
    asked_by: str
    began_at: datetime
    certificate: dict[str, Any] | None = None
    is_ended: bool = False


def begin(ledger: Ledger, erasure: Erasure) -> None:
    """Write a request down before anything is erased, so that one that was cut off is seen and can be run again."""
    ledger.write(
        "INSERT INTO erasure VALUES (?, ?, ?, ?, ?, NULL, NULL, NULL)",
        erasure.erasure_id,
        json.dumps(erasure.customer_ids),
        erasure.reason,
        erasure.asked_by,
        stamp(erasure.began_at),
    )


def certify(ledger: Ledger, erasure_id: str, certificate: dict[str, Any]) -> None:
    """Write down what became of a request."""
    ledger.write("UPDATE erasure SET certificate = ? WHERE erasure_id = ?", json.dumps(certificate), erasure_id)


def end(ledger: Ledger, erasure_id: str, now: datetime) -> None:
    """Write down that a request is carried out, and nothing of it is kept any more."""
    ledger.write("UPDATE erasure SET ended_at = ? WHERE erasure_id = ?", stamp(now), erasure_id)


def erasures(ledger: Ledger) -> list[Erasure]:
    """All requests, the oldest first."""
    return [
        Erasure(
            row["erasure_id"],
            tuple(json.loads(row["customer_ids"])),
            row["reason"],
            row["asked_by"],
            datetime.fromisoformat(row["began_at"]),
            json.loads(row["certificate"]) if row["certificate"] else None,
            row["ended_at"] is not None,
        )
        for row in ledger.rows("SELECT * FROM erasure ORDER BY began_at, erasure_id")
    ]


def bury(ledger: Ledger, erasure_id: str, tombstones: Iterable[str]) -> None:
    """Add the tombstones of an erasure; those that are there stay."""
    with ledger.transaction() as connection:
        connection.executemany(
            "INSERT OR IGNORE INTO erased_row VALUES (?, ?)", [(one, erasure_id) for one in tombstones]
        )


def lift(ledger: Ledger, erasure_id: str, now: datetime) -> bool:
    """Let in again what feeds send of the customers of an erasure; False when there is none of that id."""
    with ledger.transaction() as connection:
        connection.execute("DELETE FROM erased_row WHERE erasure_id = ?", [erasure_id])
        done = connection.execute("UPDATE erasure SET lifted_at = ? WHERE erasure_id = ?", [stamp(now), erasure_id])
        return done.rowcount > 0


def tombstones(ledger: Ledger) -> Sequence[str]:
    """Tombstones of all erased rows; none where nobody was ever erased."""
    return [row["tombstone"] for row in ledger.rows("SELECT tombstone FROM erased_row")]


def count_as_gone(ledger: Ledger, tally_id: str, feed: str, rows: int, now: datetime) -> None:
    """Count rows of a feed as if they had never come, so that what staging holds and what was counted stay equal.

    A second time, under the same id, changes nothing.
    """
    ledger.write(
        "INSERT OR IGNORE INTO stage_tally VALUES (?, 'erased', ?, 0, ?, 0, 0, 0, 0, 0, 0, ?)",
        tally_id,
        feed,
        -rows,
        stamp(now),
    )
