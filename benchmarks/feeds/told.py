"""What those who watch have been told and not been relieved of, at one moment."""

from __future__ import annotations

from typing import NamedTuple

from pipelines.ledger.database import Ledger

OPEN = ("OPEN", "ACKED", "REOPENED")
# A trial publishes nothing, so of this it could only tell the harness's own doing.
UNTRIED = frozenset({"publish_behind"})


class Told(NamedTuple):
    """One open alarm: the feed, the kind of failure, the part of the feed."""

    feed: str
    failure: str
    segment: str


def told(ledger: Ledger) -> list[Told]:
    """Alerts that are open, without those on publishing, which a trial leaves out."""
    marks = ", ".join("?" for _ in OPEN)
    rows = ledger.rows(f"SELECT feed, failure, segment FROM alert WHERE state IN ({marks})", *OPEN)
    return [one for one in (Told(*row) for row in rows) if one.failure not in UNTRIED]
