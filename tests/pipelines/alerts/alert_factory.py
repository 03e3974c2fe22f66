"""Findings and rounds of them, over the shipped contracts, with what a test does not care about filled in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connectors.catalog import load_catalog
from connectors.contract import FeedContract
from pipelines.alerts.notice import Notice
from pipelines.alerts.outbox import from_body
from pipelines.alerts.triage import triage
from pipelines.freshness.finding import Finding
from pipelines.ledger.alerts import Alert, all_alerts
from pipelines.ledger.database import Ledger
from pipelines.ledger.evidence import Verdict

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
CATALOG = load_catalog()
ORDERS = CATALOG["shop.orders"]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def finding(
    verdict: Verdict,
    failure: str = "failing",
    feed: str = "shop.orders",
    *,
    at: datetime | None = None,
    segment: str = "",
) -> Finding:
    """A verdict whose newest evidence is of a moment; None: it has none."""
    return Finding(feed, failure, verdict, f"{failure} is {verdict}", segment=segment, onset=at, evidence_at=at)


class Watched:
    """A ledger that rounds of findings are given to. Time is in minutes after noon; evidence is as new as its round."""

    def __init__(self, folder: Path, catalog: dict[str, FeedContract] | None = None) -> None:
        self.ledger = Ledger(folder / "ledger.db")
        self.catalog = CATALOG if catalog is None else catalog

    def round(self, minute: float, *says: tuple[Verdict, str, str] | tuple[Verdict, str] | Verdict) -> None:
        """One round in which each finding's evidence is of that minute."""
        at = NOON + minute * MINUTE
        given = [finding(one, at=at) if isinstance(one, str) else finding(*one, at=at) for one in says]
        self.give(minute, given)

    def give(self, minute: float, findings: Iterable[Finding]) -> None:
        triage(self.ledger, self.catalog, findings, NOON + minute * MINUTE)

    @property
    def alerts(self) -> list[Alert]:
        """All alerts, the oldest first."""
        return list(reversed(all_alerts(self.ledger)))

    @property
    def states(self) -> dict[str, str]:
        """feed|failure|stage|segment → state of its newest alert."""
        return {alert.fingerprint: alert.state for alert in self.alerts}

    @property
    def told(self) -> list[Notice]:
        """Every notice in the outbox, in order."""
        return [from_body(row["body"]) for row in self.ledger.rows("SELECT body FROM outbox ORDER BY notice_id")]

    @property
    def events(self) -> list[str]:
        """What was told, as 'event failure'."""
        return [f"{notice.event} {notice.failure}" for notice in self.told]
