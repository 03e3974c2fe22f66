"""What has to be told: one notice for each told change, written in the transaction that makes the change."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime

from connectors.contract import FeedContract
from pipelines.alerts.notice import Event, Notice
from pipelines.alerts.notice_json import as_json
from pipelines.alerts.rules import told_to
from pipelines.freshness.failures import Failure
from pipelines.freshness.runbook import runbook_link
from pipelines.ledger.alerts import Alert
from pipelines.ledger.database import stamp


def notice_of(
    alert: Alert,
    event: Event,
    *,
    failure: Failure,
    contract: FeedContract | None,
    covered: Iterable[str],
    last_good_at: datetime | None,
    why: str,
    now: datetime,
) -> Notice:
    """The notice of a change; `why` says what changed when that is not the failure itself."""
    words = failure.words(alert.feed, alert.segment)
    return Notice(
        event=event,
        fingerprint=alert.fingerprint,
        version=alert.version,
        alert_id=alert.alert_id,
        feed=alert.feed,
        failure=alert.failure,
        severity=alert.severity,
        title=f"{alert.feed}: {failure.title}" + (f" ({alert.segment})" if alert.segment else ""),
        reason=alert.reason if why == alert.reason else f"{why}: {alert.reason}",
        readers=words["readers"],
        look=words["look"],
        repair=words["repair"],
        runbook=runbook_link(failure.name),
        owner=told_to(alert, contract, now),
        opened_at=alert.opened_at or alert.detected_at,
        last_good_at=last_good_at,
        rows=alert.rows_affected,
        customers=alert.customers_affected,
        covered=tuple(covered),
    )


def put(connection: sqlite3.Connection, notice: Notice, now: datetime) -> None:
    """Leave a notice for whoever sends, inside the caller's transaction. A notice that is there already is a fault."""
    connection.execute(
        "INSERT INTO outbox (fingerprint, version, event, body, created_at) VALUES (?, ?, ?, ?, ?)",
        (notice.fingerprint, notice.version, notice.event, as_json(notice), stamp(now)),
    )
