"""Deliveries: which notice goes to which channel, and every attempt to tell it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipelines.ledger.database import Ledger, moment, stamp


@dataclass(frozen=True)
class Posted:
    """A notice of the outbox: its body is JSON, as who wrote it left it."""

    notice_id: int
    fingerprint: str
    event: str
    body: str
    created_at: datetime


@dataclass(frozen=True)
class Attempt:
    """What came of one attempt to tell notices on a channel."""

    channel: str
    at: datetime
    was_taken: bool
    detail: str
    remote_id: str | None
    next_try_at: datetime | None


def unrouted(ledger: Ledger) -> list[Posted]:
    """Notices for which no channel was chosen yet, oldest first. Every notice gets one, so the newest tells."""
    rows = ledger.rows(
        "SELECT * FROM outbox WHERE notice_id > (SELECT coalesce(max(notice_id), 0) FROM dispatch) ORDER BY notice_id"
    )
    return [_posted(row) for row in rows]


def followers(ledger: Ledger, notice: Posted) -> set[str]:
    """Channels that were asked to tell of the alert since it was last closed: they are told how it goes on."""
    rows = ledger.rows(
        """SELECT DISTINCT d.channel FROM dispatch AS d JOIN outbox AS o USING (notice_id)
           WHERE o.fingerprint = ?1 AND o.notice_id < ?2 AND o.notice_id > (
               SELECT coalesce(max(notice_id), 0) FROM outbox
               WHERE fingerprint = ?1 AND notice_id < ?2 AND event = 'resolve')""",
        notice.fingerprint,
        notice.notice_id,
    )
    return {row["channel"] for row in rows}


def dispatch(connection: sqlite3.Connection, notice_id: int, channels: Iterable[str], late_at: datetime) -> None:
    """Have channels tell a notice; one that has it already keeps it as it is. Unsettled at `late_at`, it is late."""
    connection.executemany(
        "INSERT OR IGNORE INTO dispatch (notice_id, channel, late_at) VALUES (?, ?, ?)",
        [(notice_id, channel, stamp(late_at)) for channel in channels],
    )


def late(ledger: Ledger, now: datetime) -> list[tuple[int, str, datetime]]:
    """(notice, channel, since when) of what should have been told by now and was not."""
    rows = ledger.rows(
        "SELECT notice_id, channel, late_at FROM dispatch WHERE settled_at IS NULL AND late_at <= ? ORDER BY notice_id",
        stamp(now),
    )
    return [(row["notice_id"], row["channel"], datetime.fromisoformat(row["late_at"])) for row in rows]


def waiting(ledger: Ledger, channel: str) -> dict[str, list[tuple[Posted, datetime | None]]]:
    """Fingerprint → its notices that the channel has yet to tell, oldest first, with when each may be tried again."""
    rows = ledger.rows(
        """SELECT o.*, d.next_try_at FROM dispatch AS d JOIN outbox AS o USING (notice_id)
           WHERE d.channel = ? AND d.settled_at IS NULL ORDER BY notice_id""",
        channel,
    )
    found: dict[str, list[tuple[Posted, datetime | None]]] = {}
    for row in rows:
        found.setdefault(row["fingerprint"], []).append((_posted(row), moment(row["next_try_at"])))
    return found


def record_attempt(connection: sqlite3.Connection, notice_ids: Sequence[int], attempt: Attempt) -> None:
    """One receipt for each notice that the message told; they are settled when it was taken."""
    at, next_try_at = stamp(attempt.at), stamp(attempt.next_try_at) if attempt.next_try_at else None
    for notice_id in notice_ids:
        connection.execute(
            """UPDATE dispatch SET attempts = attempts + 1, next_try_at = ?, settled_at = ?
               WHERE notice_id = ? AND channel = ?""",
            (next_try_at, at if attempt.was_taken else None, notice_id, attempt.channel),
        )
        connection.execute(
            """INSERT INTO delivery SELECT notice_id, channel, attempts, ?, ?, ?, ?, ? FROM dispatch
               WHERE notice_id = ? AND channel = ?""",
            (at, attempt.was_taken, attempt.detail, attempt.remote_id, next_try_at, notice_id, attempt.channel),
        )


def withdraw(connection: sqlite3.Connection, notice_id: int, channel: str, detail: str, now: datetime) -> None:
    """Close what a channel was to tell and never will; the receipt says why, and that it was not taken."""
    record_attempt(connection, [notice_id], Attempt(channel, now, False, detail, None, None))
    connection.execute(
        "UPDATE dispatch SET settled_at = ? WHERE notice_id = ? AND channel = ?", (stamp(now), notice_id, channel)
    )


def unsettled_channels(ledger: Ledger) -> dict[str, list[int]]:
    """Channel → notices that it has yet to tell, whether or not the channel still exists."""
    found: dict[str, list[int]] = {}
    for row in ledger.rows("SELECT channel, notice_id FROM dispatch WHERE settled_at IS NULL ORDER BY notice_id"):
        found.setdefault(row["channel"], []).append(row["notice_id"])
    return found


def posted(ledger: Ledger, notice_id: int) -> Posted:
    """One notice of the outbox; KeyError when there is none."""
    row = ledger.row("SELECT * FROM outbox WHERE notice_id = ?", notice_id)
    if row is None:
        raise KeyError(notice_id)
    return _posted(row)


def open_on(ledger: Ledger, channel: str) -> list[Posted]:
    """The newest notice that a channel took of each alert, of those that are open there."""
    rows = ledger.rows(
        """SELECT * FROM outbox AS o WHERE event <> 'resolve' AND notice_id IN (
               SELECT max(p.notice_id) FROM outbox AS p JOIN delivery AS d USING (notice_id)
               WHERE d.channel = ? AND d.was_taken GROUP BY p.fingerprint) ORDER BY notice_id""",
        channel,
    )
    return [_posted(row) for row in rows]


def _posted(row: sqlite3.Row) -> Posted:
    return Posted(
        row["notice_id"], row["fingerprint"], row["event"], row["body"], datetime.fromisoformat(row["created_at"])
    )
