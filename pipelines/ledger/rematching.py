"""Re-matches as the ledger knows them: that one was asked for, so that what it moved is published whatever happens."""

from __future__ import annotations

from datetime import datetime

from pipelines.ledger.database import Ledger, stamp


def note(ledger: Ledger, now: datetime) -> None:
    """Write down that all records are about to be matched anew. Should nothing move, one refresh does nothing new."""
    ledger.write("INSERT INTO rematching VALUES (?)", stamp(now))


def rematching_version(ledger: Ledger) -> int:
    """Changes whenever a re-match was asked for."""
    row = ledger.row("SELECT count(*) AS n FROM rematching")
    return int(row["n"]) if row else 0
