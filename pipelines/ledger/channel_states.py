"""Channels as the ledger knows them: when each last took something, how often it failed since, until when it waits."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from pipelines.ledger.database import Ledger, moment, stamp


@dataclass(frozen=True)
class ChannelState:
    """One channel. `failures` counts attempts in a row that did not reach it; until `wait_until` it is left alone."""

    channel: str
    failures: int = 0
    wait_until: datetime | None = None
    last_taken_at: datetime | None = None
    last_failed_at: datetime | None = None


def channel_state(ledger: Ledger, channel: str) -> ChannelState:
    """The state of a channel; of one that was never used, a fresh one."""
    row = ledger.row("SELECT * FROM channel_state WHERE channel = ?", channel)
    return _state(row) if row else ChannelState(channel)


def channel_states(ledger: Ledger) -> list[ChannelState]:
    """The state of every channel that was ever used, by name."""
    return [_state(row) for row in ledger.rows("SELECT * FROM channel_state ORDER BY channel")]


def record_state(connection: sqlite3.Connection, state: ChannelState) -> None:
    """Write a channel's state down."""
    times = [stamp(at) if at else None for at in (state.wait_until, state.last_taken_at, state.last_failed_at)]
    connection.execute(
        "INSERT OR REPLACE INTO channel_state VALUES (?, ?, ?, ?, ?)", (state.channel, state.failures, *times)
    )


def _state(row: sqlite3.Row) -> ChannelState:
    return ChannelState(
        row["channel"],
        row["failures"],
        moment(row["wait_until"]),
        moment(row["last_taken_at"]),
        moment(row["last_failed_at"]),
    )
