"""What those who watch have been told and not been relieved of, at one moment."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from pipelines.freshness.failures import load_failures
from pipelines.ledger.database import Ledger, stamp
from pipelines.ledger.findings import current_findings


class Told(NamedTuple):
    """One open alarm: the feed, the kind of failure, the part of the feed."""

    feed: str
    failure: str
    segment: str


def told(ledger: Ledger, now: datetime) -> list[Told]:
    """Failures that hold at this look, seen as often in a row as the catalogue asks."""
    successive = {name: failure.successive for name, failure in load_failures().items()}
    return [
        Told(row["feed"], row["failure"], row["segment"])
        for row in current_findings(ledger)
        if row["verdict"] == "FAIL" and row["last_at"] == stamp(now) and row["looks"] >= successive[row["failure"]]
    ]
