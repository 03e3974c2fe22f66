"""Runs: one row per attempt to bring a feed up to date, opened before the work and closed with what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pipelines.ledger.database import Ledger, stamp

RunKind = Literal["live", "replay", "reconcile"]
RunStatus = Literal["OK", "EMPTY_OK", "PARTIAL", "HELD", "FAILED"]


@dataclass(frozen=True)
class RunOpening:
    """What is known when a run starts."""

    run_id: str
    feed: str
    kind: RunKind
    lease_token: int
    contract_version: str
    started_at: datetime


@dataclass(frozen=True)
class RunClosing:
    """What a run came to. `rows_reread` are rows that an overlapping read found landed already."""

    status: RunStatus
    ended_at: datetime
    window_lower: str | None = None
    window_upper: str | None = None
    cursor_before: str | None = None
    cursor_after: str | None = None
    source_identity: str | None = None
    clock_offset_seconds: float | None = None
    rows_landed: int | None = None
    rows_reread: int | None = None
    undeclared_columns: Sequence[str] = ()
    error_kind: str | None = None
    error: str | None = None


def open_run(ledger: Ledger, opening: RunOpening, contract_body: str) -> None:
    """Record that a run starts. Runs of the feed that are still open belong to dead processes: they are ABANDONED."""
    with ledger.transaction() as connection:
        connection.execute(
            "INSERT OR IGNORE INTO feed_contract VALUES (?, ?, ?, ?)",
            (opening.feed, opening.contract_version, contract_body, stamp(opening.started_at)),
        )
        connection.execute(
            "UPDATE feed_run SET status = 'ABANDONED', ended_at = ? WHERE feed = ? AND status = 'OPEN'",
            (stamp(opening.started_at), opening.feed),
        )
        connection.execute(
            """INSERT INTO feed_run (run_id, feed, kind, status, lease_token, contract_version, started_at)
               VALUES (?, ?, ?, 'OPEN', ?, ?, ?)""",
            (
                opening.run_id,
                opening.feed,
                opening.kind,
                opening.lease_token,
                opening.contract_version,
                stamp(opening.started_at),
            ),
        )


def close_run(ledger: Ledger, run_id: str, closing: RunClosing) -> None:
    """Record what a run came to."""
    ledger.write(
        """UPDATE feed_run SET status = ?, ended_at = ?, window_lower = ?, window_upper = ?, cursor_before = ?,
                  cursor_after = ?, source_identity = ?, clock_offset_seconds = ?, rows_landed = ?, rows_reread = ?,
                  undeclared_columns = ?, error_kind = ?, error = ? WHERE run_id = ?""",
        closing.status,
        stamp(closing.ended_at),
        closing.window_lower,
        closing.window_upper,
        closing.cursor_before,
        closing.cursor_after,
        closing.source_identity,
        closing.clock_offset_seconds,
        closing.rows_landed,
        closing.rows_reread,
        ", ".join(closing.undeclared_columns) or None,
        closing.error_kind,
        closing.error,
        run_id,
    )


def next_run_id(ledger: Ledger, feed: str) -> str:
    """An id that sorts after the feed's earlier runs. Call while holding the feed's lease."""
    row = ledger.row("SELECT count(*) AS n FROM feed_run WHERE feed = ?", feed)
    return f"{feed}-run-{(row['n'] if row else 0) + 1:08d}"
