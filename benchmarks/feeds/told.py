"""What those who watch have been told and not been relieved of, at one moment."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from pipelines.freshness.failures import load_failures
from pipelines.ledger.database import Ledger, stamp
from pipelines.ledger.findings import current_findings

OPEN = ("OPEN", "ACKED", "REOPENED")


class Told(NamedTuple):
    """One open alarm: the feed, the kind of failure, the part of the feed."""

    feed: str
    failure: str
    segment: str


def told(ledger: Ledger, now: datetime) -> list[Told]:
    """Alerts that are open; without a life cycle of alerts, failures that hold at this look.

    A failure without alerts counts when it was seen as often in a row as the catalogue asks.
    """
    if ledger.row("SELECT 1 AS is_there FROM sqlite_master WHERE name = 'alert'"):
        marks = ", ".join("?" for _ in OPEN)
        rows = ledger.rows(f"SELECT feed, failure, segment FROM alert WHERE state IN ({marks})", *OPEN)
        return [Told(*row) for row in rows]
    successive = {name: failure.successive for name, failure in load_failures().items()}
    return [
        Told(row["feed"], row["failure"], row["segment"])
        for row in current_findings(ledger)
        if row["verdict"] == "FAIL" and row["last_at"] == stamp(now) and row["looks"] >= successive[row["failure"]]
    ]
