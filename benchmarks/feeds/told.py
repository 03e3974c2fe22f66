"""What those who watch have been told and not been relieved of, at one moment."""

from __future__ import annotations

from typing import NamedTuple

from pipelines.ledger.alerts import SEEN, read_alerts
from pipelines.ledger.database import Ledger

# A trial publishes nothing, so of this it could only tell the harness's own doing.
UNTRIED = frozenset({"publish_behind"})


class Told(NamedTuple):
    """One open alarm: the feed, the kind of failure, the part of the feed."""

    feed: str
    failure: str
    segment: str


def told(ledger: Ledger) -> list[Told]:
    """Alerts that are open, without those on publishing, which a trial leaves out."""
    seen = (one for one in read_alerts(ledger, closed_since=None) if one.state in SEEN)
    return [Told(one.feed, one.failure, one.segment) for one in seen if one.failure not in UNTRIED]
