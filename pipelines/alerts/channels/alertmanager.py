"""Alertmanager: labels say which alert it is, annotations what it says.

API v2 (https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml). Identical labels are one alert, so a
notice that arrives twice changes nothing. Alertmanager forgets on a restart and expects to be told again: `stand`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from pipelines.alerts.channels.post import post
from pipelines.alerts.channels.wording import facts, subject
from pipelines.alerts.notice import Notice, Receipt, Severity

# An alert without an end would be held to be resolved when nobody repeats it: silence is no resolution.
STANDS = timedelta(days=30)
WATCHDOG = "Watchdog"


@dataclass(frozen=True)
class Alertmanager:
    """One Alertmanager, by its base address."""

    name: str
    url: str = field(repr=False)
    clock: Callable[[], datetime]
    token: str | None = field(default=None, repr=False)

    def send(self, notice: Notice) -> Receipt:
        """Fire or end the alert. Nobody acknowledges there (people silence): an ack is told as it stands."""
        return self._push(self._alerts(notice))

    def stand(self, notices: Sequence[Notice], until: datetime) -> Receipt:
        """Tell what is open once more, and fire the Watchdog until a moment: it ends when nobody repeats it."""
        watchdog = {
            "labels": {"alertname": WATCHDOG, "service": "customer-360", "severity": "none"},
            "annotations": {"summary": "Fires as long as the feeds are watched. Tell somebody when it ends."},
            "endsAt": _time(until),
        }
        return self._push([watchdog, *(alert for notice in notices for alert in self._alerts(notice))])

    def _alerts(self, notice: Notice) -> list[dict[str, Any]]:
        """The alert of each severity: routes there go by severity, so another severity is another alert, and over."""
        now = self.clock()
        alerts = []
        for severity in get_args(Severity):
            is_open = notice.event != "resolve" and severity == notice.severity
            alert: dict[str, Any] = {
                "labels": {
                    "alertname": notice.failure,
                    "service": "customer-360",
                    "feed": notice.feed,
                    "fingerprint": notice.fingerprint,
                    "severity": severity,
                },
                "annotations": {
                    "summary": subject(notice),
                    **{name: str(fact) for name, fact in facts(notice).items()},
                },
                "startsAt": _time(min(notice.opened_at, now)),
                "endsAt": _time(now + STANDS if is_open else now),
            }
            if notice.runbook.startswith("http"):
                alert["generatorURL"] = notice.runbook
            alerts.append(alert)
        return alerts

    def _push(self, alerts: list[dict[str, Any]]) -> Receipt:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        address = f"{self.url.rstrip('/')}/api/v2/alerts"
        answer = post(address, json.dumps(alerts).encode(), headers=headers, secrets=[self.url, self.token or ""])
        return answer if isinstance(answer, Receipt) else Receipt(True, f"HTTP {answer.status}")


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
