"""Batches and tallies: what was landed, and how many of its rows went where."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime

from pipelines.ledger.database import Ledger, moment, stamp


@dataclass(frozen=True)
class BatchRecord:
    """The facts of a manifest that the ledger keeps for quick look-up."""

    batch_id: str
    feed: str
    batch_seq: int
    label: str
    row_count: int
    reject_count: int
    claimed_rows: int | None
    byte_count: int
    content_sha256: str | None
    schema_fingerprint: str
    cursor_low: str | None
    cursor_high: str | None
    cursor_after: str | None
    sequence: int | None
    business_date: str | None
    source_identity: str
    landed_at: str
    file_name: str | None
    file_bytes: int | None
    file_modified_at: str | None
    kind: str = "live"
    reread_count: int = 0
    future_count: int = 0
    ends_mid_line: bool | None = None


@dataclass(frozen=True)
class Tally:
    """Where the rows of a batch went. `rows_in` counts rows that could not be read, too.

    rows_in = new + changed + unchanged + quarantined + duplicate + refused; `rows_deleted` are rows marked as gone,
    whether by a tombstone (counted above as well) or by their absence from a full delivery.
    """

    rows_in: int
    rows_new: int
    rows_changed: int
    rows_unchanged: int
    rows_quarantined: int
    rows_duplicate: int
    rows_refused: int
    rows_deleted: int

    def __add__(self, other: Tally) -> Tally:
        """The tally of two batches together."""
        return Tally(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


def add_batch(connection: sqlite3.Connection, record: BatchRecord, run_id: str | None) -> None:
    """Write a landed batch down, inside the caller's transaction; one that is known already stays as it is."""
    facts = vars(record) | {"run_id": run_id, "state": "landed"}
    columns, places = ", ".join(facts), ", ".join("?" for _ in facts)
    connection.execute(f"INSERT OR IGNORE INTO feed_batch ({columns}) VALUES ({places})", tuple(facts.values()))


def unknown_batches(ledger: Ledger, feed: str, batch_ids: Iterable[str]) -> list[str]:
    """Those of the feed's batches that the ledger does not know: neither one by one nor as forgotten."""
    known = {row["batch_id"] for row in ledger.rows("SELECT batch_id FROM feed_batch WHERE feed = ?", feed)}
    forgotten = ledger.row("SELECT batch_id FROM forgotten_batch WHERE feed = ?", feed)
    floor = forgotten["batch_id"] if forgotten else ""
    return [batch_id for batch_id in batch_ids if batch_id > floor and batch_id not in known]


def last_batch_seq(ledger: Ledger, feed: str) -> int:
    """Highest batch number ever given out for the feed; 0 when there is none."""
    row = ledger.row("SELECT max(batch_seq) AS n FROM feed_batch WHERE feed = ?", feed)
    return (row["n"] if row else None) or 0


def begins_again(number: int, newest: int) -> bool:
    """Whether a sender whose newest file had the number `newest` counts from the beginning again."""
    return number <= 1 and number < newest


def numbered_after(ledger: Ledger, feed: str, batch_seq: int) -> tuple[int, ...]:
    """Batches landed before this one whose files bear a higher number of the sender: this one comes late.

    Not those whose files came once more since, under their own names: what they told was wrong.
    """
    rows = ledger.rows(
        """SELECT batch_seq, sequence FROM feed_batch AS one
           WHERE feed = ?1 AND batch_seq <= ?2 AND sequence IS NOT NULL AND (batch_seq = ?2 OR NOT EXISTS (
             SELECT 1 FROM feed_batch AS again
             WHERE again.feed = one.feed AND again.file_name = one.file_name AND again.batch_seq > one.batch_seq))
           ORDER BY batch_seq""",
        feed,
        batch_seq,
    )
    return higher_numbers([(row["batch_seq"], row["sequence"]) for row in rows])


def higher_numbers(numbered: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """Batches with a higher number than the last of (batch, number of its sender), since the count began."""
    count: dict[int, int] = {}
    for batch_seq, number in numbered:
        if count and begins_again(number, max(count.values())):
            count = {}
        count[batch_seq] = number
    return tuple(batch_seq for batch_seq, number in count.items() if number > numbered[-1][1])


def rows_staged(ledger: Ledger, feed: str) -> int:
    """Rows of the feed that were new to staging, forgotten batches included."""
    row = ledger.row(
        """SELECT (SELECT coalesce(sum(rows_new), 0) FROM stage_tally WHERE feed = ?1)
                + (SELECT coalesce(sum(rows_new), 0) FROM feed_day WHERE feed = ?1) AS n""",
        feed,
    )
    return row["n"] if row else 0


def is_any_staged(ledger: Ledger) -> bool:
    """Whether a batch of any feed was ever staged."""
    return ledger.row("SELECT 1 FROM feed_batch WHERE state = 'staged' LIMIT 1") is not None


def is_any_landed(ledger: Ledger, feed: str) -> bool:
    """Whether a batch waits to be staged, or was staged a moment ago without a word of it here."""
    return ledger.row("SELECT 1 FROM feed_batch WHERE feed = ? AND state = 'landed'", feed) is not None


def pending_batches(ledger: Ledger, feed: str) -> list[str]:
    """Landed batches that are not staged yet, oldest first. Held ones are tried again: their cause may be gone."""
    rows = ledger.rows(
        "SELECT batch_id FROM feed_batch WHERE feed = ? AND state IN ('landed', 'held') ORDER BY batch_seq", feed
    )
    return [row["batch_id"] for row in rows]


def last_staged_full(ledger: Ledger, feed: str) -> str | None:
    """Of a feed that is delivered in full, the newest delivery that was staged."""
    row = ledger.row(
        "SELECT max(batch_id) AS batch_id FROM feed_batch WHERE feed = ? AND kind = 'live' AND state = 'staged'", feed
    )
    return row["batch_id"] if row else None


def batches_reaching(ledger: Ledger, feed: str, cursor_low: str | None) -> list[str]:
    """Batches that hold rows at or after a cursor value, which an overlapping read may deliver again."""
    if cursor_low is None:
        return []
    is_number = cursor_low.lstrip("-").isdigit()
    condition = "CAST(cursor_high AS INTEGER) >= CAST(? AS INTEGER)" if is_number else "cursor_high >= ?"
    rows = ledger.rows(
        f"SELECT batch_id FROM feed_batch WHERE feed = ? AND row_count > 0 AND {condition} ORDER BY batch_seq",
        feed,
        cursor_low,
    )
    return [row["batch_id"] for row in rows]


def is_file_landed(ledger: Ledger, feed: str, name: str, byte_count: int, modified_at: str) -> bool:
    """True when this very file (name, size, modification time) is a batch already."""
    row = ledger.row(
        "SELECT 1 FROM feed_batch WHERE feed = ? AND file_name = ? AND file_bytes = ? AND file_modified_at = ?",
        feed,
        name,
        byte_count,
        modified_at,
    )
    return row is not None


def mark_staged(ledger: Ledger, batch_id: str, feed: str, tally: Tally, now: datetime) -> None:
    """Record that a batch reached staging, and its tally. Doing it twice changes nothing."""
    with ledger.transaction() as connection:
        connection.execute(
            "UPDATE feed_batch SET state = 'staged', held_reason = NULL, staged_at = coalesce(staged_at, ?)"
            " WHERE batch_id = ?",
            (stamp(now), batch_id),
        )
        connection.execute(
            "INSERT OR IGNORE INTO stage_tally VALUES (?, 'staged', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                batch_id,
                feed,
                tally.rows_in,
                tally.rows_new,
                tally.rows_changed,
                tally.rows_unchanged,
                tally.rows_quarantined,
                tally.rows_duplicate,
                tally.rows_refused,
                tally.rows_deleted,
                stamp(now),
            ),
        )


def last_staged(ledger: Ledger) -> datetime | None:
    """When a batch or release last reached staging."""
    row = ledger.row("SELECT max(tallied_at) AS at FROM stage_tally")
    return moment(row["at"]) if row else None


def mark_held(ledger: Ledger, batch_id: str, reason: str) -> None:
    """Record that a batch as a whole is kept out of staging, and why."""
    ledger.write("UPDATE feed_batch SET state = 'held', held_reason = ? WHERE batch_id = ?", reason, batch_id)


def batches_with_raw_bytes(ledger: Ledger, feed: str, landed_before: datetime) -> list[str]:
    """Staged batches landed before a moment whose raw bytes are still kept, oldest first."""
    rows = ledger.rows(
        "SELECT batch_id FROM feed_batch WHERE feed = ? AND state = 'staged' AND byte_count > 0"
        " AND raw_removed_at IS NULL AND landed_at < ? ORDER BY batch_seq",
        feed,
        landed_before.isoformat(),
    )
    return [row["batch_id"] for row in rows]


def mark_raw_removed(ledger: Ledger, batch_id: str, now: datetime) -> None:
    """Record that the raw bytes of a batch are gone; its table and manifest stay."""
    ledger.write("UPDATE feed_batch SET raw_removed_at = ? WHERE batch_id = ?", stamp(now), batch_id)


def release_id(batch_id: str, number: int) -> str:
    """What the tally of rows of a batch goes by that were judged again, for the `number`th time."""
    return f"{batch_id}/release-{number}"


def is_release_of(batch_id: str) -> str:
    """SQL: whether a row of stage_tally is of a release of a batch (SQL). A range, so that its primary key finds it."""
    return f"batch_id > {batch_id} || '/release-' AND batch_id < {batch_id} || '/release.'"


def release_count(ledger: Ledger, batch_id: str) -> int:
    """How often held rows of a batch were judged again."""
    row = ledger.row(f"SELECT count(*) AS n FROM stage_tally WHERE {is_release_of('?1')}", batch_id)
    return row["n"] if row else 0


def staging_version(ledger: Ledger) -> str:
    """Changes whenever any batch or release reached staging with an effect."""
    row = ledger.row(
        """SELECT sum(n) AS n, sum(moved) AS moved FROM (
               SELECT count(*) AS n, sum(rows_new + rows_changed + rows_quarantined + rows_deleted) AS moved
               FROM stage_tally
               UNION ALL
               SELECT sum(batches), sum(rows_new + rows_changed + rows_quarantined + rows_deleted) FROM feed_day)"""
    )
    return f"{row['n']}/{row['moved'] or 0}" if row else "0/0"
