"""What the ledger knows about watching itself: was it done as agreed, and did its alerts reach anybody?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipelines.ledger.channel_states import ChannelState, channel_states
from pipelines.ledger.database import Ledger
from pipelines.ledger.deliveries import late
from pipelines.ledger.watching import Stretch, last_stretch


@dataclass(frozen=True)
class LateNotice:
    """A notice that a channel should have told before `since` and has not."""

    channel: str
    since: datetime


@dataclass(frozen=True)
class MonitorHistory:
    """The evidence about the monitor at one moment. `watched` is the last stretch of watching, before this look."""

    now: datetime
    watched: Stretch | None
    channels: tuple[ChannelState, ...]
    late: tuple[LateNotice, ...]


def read_monitor(ledger: Ledger, now: datetime) -> MonitorHistory:
    """The monitor's evidence, from the ledger alone."""
    return MonitorHistory(
        now=now,
        watched=last_stretch(ledger),
        channels=tuple(channel_states(ledger)),
        late=tuple(LateNotice(channel, since) for _, channel, since in late(ledger, now)),
    )
