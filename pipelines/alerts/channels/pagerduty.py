"""PagerDuty: an alert is one incident there, from its opening to its end.

Events API v2 (https://developer.pagerduty.com/docs/events-api-v2-overview): the same `dedup_key` is the same incident,
so a notice that arrives twice changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from pipelines.alerts.channels.post import post
from pipelines.alerts.channels.wording import facts, subject
from pipelines.alerts.notice import Notice, Receipt

ADDRESS = "https://events.pagerduty.com/v2/enqueue"
LONGEST_KEY, LONGEST_SUMMARY = 255, 1024  # PagerDuty's own limits
ACTIONS = {"open": "trigger", "update": "trigger", "digest": "trigger", "ack": "acknowledge", "resolve": "resolve"}


@dataclass(frozen=True)
class PagerDuty:
    """One integration of one service there."""

    name: str
    routing_key: str = field(repr=False)
    url: str = field(default=ADDRESS, repr=False)

    def send(self, notice: Notice) -> Receipt:
        """Trigger, acknowledge or resolve the alert's incident. An answer without 'success' is no receipt."""
        answer = post(self.url, json.dumps(self._event(notice)).encode(), secrets=[self.routing_key])
        if isinstance(answer, Receipt):
            return answer
        if answer.body.get("status") != "success":
            return Receipt(False, f"HTTP {answer.status}, but its status is {answer.body.get('status')!r}")
        return Receipt(True, f"HTTP {answer.status} success", remote_id=answer.body.get("dedup_key"))

    def _event(self, notice: Notice) -> dict[str, Any]:
        event: dict[str, Any] = {
            "routing_key": self.routing_key,
            "event_action": ACTIONS[notice.event],
            "dedup_key": dedup_key(notice.fingerprint),
        }
        if event["event_action"] != "trigger":
            return event
        event["payload"] = {
            "summary": subject(notice)[:LONGEST_SUMMARY],
            "source": notice.feed or "customer-360",
            "severity": notice.severity,
            "timestamp": notice.opened_at.astimezone(UTC).isoformat(),
            "component": notice.feed,
            "group": notice.feed.partition(".")[0],
            "class": notice.failure,
            "custom_details": facts(notice),
        }
        if notice.runbook.startswith("http"):
            event["links"] = [{"href": notice.runbook, "text": "Runbook"}]
        return event


def dedup_key(fingerprint: str) -> str:
    """The fingerprint, cut to PagerDuty's length; what is cut lives on in a hash, so that two stay two."""
    if len(fingerprint) <= LONGEST_KEY:
        return fingerprint
    digest = hashlib.sha256(fingerprint.encode()).hexdigest()
    return f"{fingerprint[: LONGEST_KEY - len(digest) - 1]}|{digest}"
