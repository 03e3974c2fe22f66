"""A trial of channels: an alert that means nothing is opened and resolved, so that nothing stays open anywhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from pipelines.alerts.notice import Channel, Notice, Receipt


def try_channel(channel: Channel, now: datetime) -> list[tuple[str, Receipt]]:
    """(event, receipt) of a test alert's opening and, if that was taken, of its end. Nothing is kept in the ledger."""
    opened = _test_notice(now)
    receipts: list[tuple[str, Receipt]] = [("open", channel.send(opened))]
    if receipts[0][1].was_taken:
        receipts.append(("resolve", channel.send(replace(opened, event="resolve", version=2))))
    return receipts


def _test_notice(now: datetime) -> Notice:
    at = now.astimezone(UTC)
    return Notice(
        event="open",
        # Of its own at each trial, so that no channel takes it for one that it had before.
        fingerprint=f"monitor|test|monitor|{at:%Y-%m-%dT%H:%M:%S.%fZ}",
        version=1,
        alert_id="test",
        feed="monitor",
        failure="test",
        severity="info",
        title="A test of this channel",
        reason="Somebody tries whether alerts arrive here. Nothing is wrong, and there is nothing to do.",
        readers="They notice nothing.",
        look="",
        repair="",
        runbook="",
        owner="",
        opened_at=at,
        last_good_at=None,
        rows=None,
        customers=None,
        covered=(),
    )
