"""Runs: one row per attempt to bring a feed up to date, opened before the work and closed with what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pipelines.ledger.database import Ledger, stamp

RunKind = Literal["live", "backfill", "reconcile"]
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
    """What a run came to.

    `rows_read` is what the source handed over: landed, rejected (could not be read) and reread (landed already, found
    again by an overlapping read). `rows_repeated` were on more than one page of the same read; None without pages.
    `requests` were made to the source (HTTP requests with their retries, SQL statements, files opened), `byte_count`
    came over HTTP or out of files (None: a database does not tell). `wall_ms` and `cpu_ms` are what landing took, in
    milliseconds; staging is added by `add_effort`.
    `credentials_end` is when the source's credentials end, as far as that is said.
    """

    status: RunStatus
    ended_at: datetime
    window_lower: str | None = None
    window_upper: str | None = None
    cursor_before: str | None = None
    cursor_after: str | None = None
    source_identity: str | None = None
    clock_offset_seconds: float | None = None
    rows_read: int | None = None
    rows_landed: int | None = None
    rows_rejected: int | None = None
    rows_reread: int | None = None
    rows_repeated: int | None = None
    requests: int | None = None
    byte_count: int | None = None
    wall_ms: int | None = None
    cpu_ms: int | None = None
    undeclared_columns: Sequence[str] = ()
    credentials_end: datetime | None = None
    missing_columns: Sequence[str] = ()
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
    facts = vars(closing) | {
        "ended_at": stamp(closing.ended_at),
        "undeclared_columns": ", ".join(closing.undeclared_columns) or None,
        "missing_columns": ", ".join(closing.missing_columns) or None,
        "credentials_end": stamp(closing.credentials_end) if closing.credentials_end else None,
    }
    changes = ", ".join(f"{name} = ?" for name in facts)
    ledger.write(f"UPDATE feed_run SET {changes} WHERE run_id = ?", *facts.values(), run_id)


def add_effort(ledger: Ledger, feed: str, wall_ms: int, cpu_ms: int) -> None:
    """Add to the feed's newest run what work on its batches took since, in milliseconds."""
    ledger.write(
        """UPDATE feed_run SET wall_ms = coalesce(wall_ms, 0) + ?2, cpu_ms = coalesce(cpu_ms, 0) + ?3
           WHERE run_id = (SELECT max(run_id) FROM feed_run WHERE feed = ?1)""",
        feed, wall_ms, cpu_ms,
    )  # fmt: skip


def next_run_id(ledger: Ledger, feed: str) -> str:
    """An id that sorts after the feed's earlier runs. Call while holding the feed's lease."""
    row = ledger.row("SELECT max(run_id) AS last FROM feed_run WHERE feed = ?", feed)
    last = row["last"] if row else None
    return f"{feed}-run-{(int(last.rpartition('-')[2]) if last else 0) + 1:08d}"


def last_error_kind(ledger: Ledger, feed: str) -> str | None:
    """The kind of trouble in which the feed's last run ended; None when it ended well or there was none."""
    row = ledger.row("SELECT error_kind FROM feed_run WHERE feed = ? AND status <> 'OPEN' ORDER BY run_id DESC", feed)
    return row["error_kind"] if row else None
