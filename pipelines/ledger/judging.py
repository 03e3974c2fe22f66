"""Stewards' judgements as the ledger knows them: that there were some, so that the next sync resolves anew."""

from __future__ import annotations

from datetime import datetime

from pipelines.ledger.database import Ledger, stamp


def note(ledger: Ledger, decided_by: str, pairs: int, now: datetime) -> None:
    """Write down that judgements are about to be kept. Should they not be, one refresh finds nothing to do."""
    ledger.write("INSERT INTO judging VALUES (?, ?, ?)", stamp(now), decided_by, pairs)


def judging_version(ledger: Ledger) -> int:
    """Changes whenever judgements were kept."""
    row = ledger.row("SELECT count(*) AS n FROM judging")
    return int(row["n"]) if row else 0
