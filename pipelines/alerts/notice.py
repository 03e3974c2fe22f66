"""What is told about an alert, whatever the channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from pipelines.ledger.alerts import Severity as Severity

Event = Literal["open", "update", "ack", "resolve", "digest"]


@dataclass(frozen=True)
class Notice:
    """One message about one alert. A notice of the same `fingerprint` and `version` is the same message.

    A digest is one message about many alerts, which `covered` lists; only the sender makes it.
    `version` grows with every change of the alert that is told. `look` and `repair` are commands. `readers` says what
    readers see meanwhile. `covered` lists what this alert explains and is therefore not told apart.
    """

    event: Event
    fingerprint: str
    version: int
    alert_id: str
    feed: str
    failure: str
    severity: Severity
    title: str
    reason: str
    readers: str
    look: str
    repair: str
    runbook: str
    owner: str
    opened_at: datetime
    last_good_at: datetime | None
    rows: int | None
    customers: int | None
    covered: tuple[str, ...]


@dataclass(frozen=True)
class Receipt:
    """What came of one attempt to send: `was_taken` only when the other side said so; `remote_id` is its name there.

    `is_refused`: the other side will not have this notice, however often it is sent; it may well take others.
    """

    was_taken: bool
    detail: str
    remote_id: str | None = None
    retry_after_seconds: float | None = None
    is_refused: bool = False


class Channel(Protocol):
    """A way to tell people. `send` never raises for what the other side does: it says so in the receipt."""

    @property
    def name(self) -> str:
        """Its name in the plan."""
        ...

    def send(self, notice: Notice) -> Receipt:
        """Tell of one notice; the same notice sent twice must not become two alerts on the other side."""
        ...
