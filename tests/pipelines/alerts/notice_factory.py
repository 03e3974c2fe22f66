"""Notices with what a test does not care about filled in, and an outbox to put them in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from pipelines.alerts.notice import Notice, Receipt
from pipelines.alerts.notice_json import as_json
from pipelines.ledger.database import Ledger, stamp

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)


def a_notice(event: str = "open", version: int = 1, **facts: object) -> Notice:
    plain = Notice(
        event="open",
        fingerprint="shop.orders|late|landed|",
        version=version,
        alert_id="A-0001",
        feed="shop.orders",
        failure="late",
        severity="error",
        title="Data are late",
        reason="nothing newer than 2026-11-18 09:00 UTC",
        readers="They see orders until 09:00.",
        look="c360 alerts show A-0001",
        repair="c360 sync shop.orders",
        runbook="https://example.org/runbook#late",
        owner="team:shop",
        opened_at=NOON,
        last_good_at=NOON - timedelta(hours=3),
        rows=None,
        customers=12,
        covered=(),
    )
    return replace(plain, event=event, **facts)  # type: ignore[arg-type]


def put(ledger: Ledger, notice: Notice, at: datetime = NOON) -> None:
    """Write a notice into the outbox."""
    ledger.write(
        "INSERT INTO outbox (fingerprint, version, event, body, created_at) VALUES (?, ?, ?, ?, ?)",
        notice.fingerprint,
        notice.version,
        notice.event,
        as_json(notice),
        stamp(at),
    )


class VirtualClock:
    """Time that moves when it is told to."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Recorder:
    """A channel that takes everything while it is up, and remembers it."""

    name: str
    is_up: bool = True
    taken: list[Notice] = field(default_factory=list)
    tries: int = 0

    def send(self, notice: Notice) -> Receipt:
        self.tries += 1
        if not self.is_up:
            return Receipt(False, "no route to host")
        self.taken.append(notice)
        return Receipt(True, "taken")

    @property
    def events(self) -> list[str]:
        return [notice.event for notice in self.taken]
