"""Acceptances: somebody's word that a source is right as it is now, although it is not what it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipelines.ledger.database import Ledger, stamp


@dataclass(frozen=True)
class Acceptance:
    """What was accepted: the source as it named itself then, by whom and why."""

    feed: str
    identity: str
    accepted_at: datetime
    accepted_by: str
    reason: str


def record_acceptance(ledger: Ledger, acceptance: Acceptance) -> None:
    """Write an acceptance down."""
    ledger.write(
        "INSERT INTO source_acceptance VALUES (?, ?, ?, ?, ?)",
        acceptance.feed,
        acceptance.identity,
        stamp(acceptance.accepted_at),
        acceptance.accepted_by,
        acceptance.reason,
    )


def last_acceptance(ledger: Ledger, feed: str) -> Acceptance | None:
    """The newest acceptance of a feed's source."""
    row = ledger.row("SELECT * FROM source_acceptance WHERE feed = ? ORDER BY accepted_at DESC, rowid DESC", feed)
    if row is None:
        return None
    accepted_at = datetime.fromisoformat(row["accepted_at"])
    return Acceptance(row["feed"], row["identity"], accepted_at, row["accepted_by"], row["reason"])
