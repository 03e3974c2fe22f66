"""The story of one alert, for people and for machines."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich.markup import escape

from connectors.contract import FeedContract
from pipelines.alerts.triage import names_of
from pipelines.cli.console import out, severity_text
from pipelines.freshness.failures import load_failures
from pipelines.freshness.runbook import runbook_link
from pipelines.ledger import alerts as kept
from pipelines.ledger.alerts import Alert
from pipelines.ledger.database import Ledger, stamp

_RUN = "SELECT run_id, status, started_at, error FROM feed_run WHERE feed = ? AND started_at"


def story_of(ledger: Ledger, alert: Alert, contract: FeedContract | None) -> dict[str, Any]:
    """Everything that is known of an alert, as one document."""
    failure, since = load_failures()[alert.failure], stamp(alert.onset_at)
    good = ledger.row(
        f"{_RUN} < ? AND status IN ('OK', 'EMPTY_OK') ORDER BY started_at DESC LIMIT 1", alert.feed, since
    )
    bad = ledger.row(f"{_RUN} >= ? ORDER BY started_at LIMIT 1", alert.feed, since)
    return {
        **asdict(alert),
        "fingerprint": alert.fingerprint,
        "title": failure.title,
        "effect": failure.effect,
        "means": failure.means,
        **failure.words(alert.feed, alert.segment),
        "runbook": runbook_link(alert.failure),
        "owner": contract.owner if contract else None,
        "last_good_run": dict(good) if good else None,
        "first_bad_run": dict(bad) if bad else None,
        "covered": names_of(kept.explained_by(ledger, alert.fingerprint)),
        "events": [dict(row) for row in kept.events_of(ledger, alert.alert_id)],
    }


def print_story(story: dict[str, Any]) -> None:
    """The story for a person at a terminal; what is not known says so."""
    part = f" ({story['segment']})" if story["segment"] else ""
    head = f"[bold]{story['alert_id']}[/bold]  {story['state']}  {severity_text(story['severity'])}"
    out.print(f"{head}  {escape(story['feed'])}: {escape(story['title'] + part)}")
    out.print(escape(story["reason"]))
    lines = {
        "means": story["means"],
        "readers see": story["readers"],
        "began": _time(story["onset_at"]),
        "first seen": _time(story["detected_at"]),
        "first bad run": _run(story["first_bad_run"]),
        "last good run": _run(story["last_good_run"]),
        "rows affected": _count(story["rows_affected"]),
        "customers affected": _count(story["customers_affected"]),
        "explained by": story["cause"] or "",
        "covers": "; ".join(story["covered"]),
        "evidence": ", ".join(f"{name} = {fact}" for name, fact in story["evidence"].items()),
        "owner": story["owner"] or "",
        "look": story["look"],
        "advice": story["advice"],
        "repair": story["repair"],
        "runbook": story["runbook"],
    }
    for name, text in lines.items():
        if text:
            out.print(f"  [dim]{name:<18}[/dim] {escape(text)}")
    for event in story["events"]:
        step = f"{event['from_state']} → {event['to_state']}" if event["from_state"] else event["to_state"]
        told = "" if event["version"] is None else " (told)"
        out.print(f"  {event['moved_at'][:16].replace('T', ' ')}  {step}, {escape(event['moved_by'])}{told}: "
                  f"{escape(event['why'])}")  # fmt: skip


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "UNKNOWN"


def _run(run: dict[str, Any] | None) -> str:
    if run is None:
        return "none in the ledger"
    return f"{run['run_id']} at {run['started_at'][:16].replace('T', ' ')} UTC, {run['status']}"


def _count(number: int | None) -> str:
    return "UNKNOWN" if number is None else f"{number:,}"
