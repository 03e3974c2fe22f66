"""Signs of life to the outside: a monitor that died tells nothing, so somebody else must miss its signs.

Pings in the manner of healthchecks (https://healthchecks.io/docs/http_api/): /start when a round of watching begins,
the address itself when it ends well, /fail when it does not. Each Alertmanager gets an alert that always fires
(Watchdog).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

import httpx

from pipelines.alerts.channels.alertmanager import Alertmanager
from pipelines.alerts.channels.post import post
from pipelines.alerts.delivery import Sender
from pipelines.alerts.notice import Receipt
from pipelines.alerts.notice_json import from_json
from pipelines.alerts.plan import DeadManSpec
from pipelines.ledger import deliveries
from pipelines.ledger.database import Ledger
from pipelines.ledger.leases import LeaseHeld

# A sign of life must not cost the round its time; the next round sends the next one.
TIMEOUT = httpx.Timeout(5.0, connect=3.0)


@contextmanager
def pinged(spec: DeadManSpec | None, environment: Mapping[str, str]) -> Iterator[None]:
    """A round of watching between its pings. An outside that does not answer stops nothing: it misses the sign."""
    address = environment.get(spec.url) if spec and spec.url else None
    if not address:
        yield
        return
    _ping(f"{address.rstrip('/')}/start")
    try:
        yield
    except LeaseHeld:
        # Another round is at work, and gives signs of its own.
        raise
    except BaseException:
        _ping(f"{address.rstrip('/')}/fail")
        raise
    _ping(address)


def next_by(spec: DeadManSpec | None, now: datetime) -> datetime | None:
    """When the next round must have begun; None when none was agreed on."""
    return now + spec.period + spec.grace if spec else None


def stand_watch(ledger: Ledger, sender: Sender) -> list[Receipt]:
    """Fire the Watchdog on every Alertmanager, and tell it again what is open: it forgets on a restart."""
    due = next_by(sender.plan.dead_man, sender.clock())
    if due is None:
        return []
    return [
        channel.stand([from_json(posted.body) for posted in deliveries.open_on(ledger, name)], due)
        for name, channel in sender.channels.items()
        if isinstance(channel, Alertmanager)
    ]


def _ping(address: str) -> None:
    post(address, b"", timeout=TIMEOUT)
