"""Evidence about a feed: probes of its source, high-water marks and check results."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pipelines.ledger.database import Ledger, stamp

Verdict = Literal["PASS", "FAIL", "WARN", "UNKNOWN"]
CredentialsVerdict = Literal["accepted", "denied", "unknown"]


@dataclass(frozen=True)
class CheckRecord:
    """One check on one batch. `severity` stop keeps rows out, tell only says so."""

    check_name: str
    column_name: str | None
    severity: Literal["stop", "tell"]
    verdict: Verdict
    checked: int | None
    failed: int | None
    reason: str


def record_probe(
    ledger: Ledger,
    feed: str,
    run_id: str | None,
    *,
    now: datetime,
    identity: str,
    clock: datetime | None,
    row_count: int | None,
    newest: str | None,
    lowest_key: str | None = None,
    highest_key: str | None = None,
    file_count: int | None = None,
    newest_at: str | None = None,
    sequence: int | None = None,
    heartbeat: datetime | None = None,
    fed_until: datetime | None = None,
) -> None:
    """Write down what a source said of itself; `run_id` is that of the run which is about to read it."""
    ledger.write(
        "INSERT INTO source_probe VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        feed,
        run_id,
        stamp(now),
        identity,
        stamp(clock) if clock else None,
        row_count,
        newest,
        lowest_key,
        highest_key,
        file_count,
        newest_at,
        sequence,
        stamp(heartbeat) if heartbeat else None,
        stamp(fed_until) if fed_until else None,
    )


def record_credentials(ledger: Ledger, feed: str, verdict: CredentialsVerdict, reason: str, now: datetime) -> None:
    """Write down whether a source lets us in: a span of time while it says the same."""
    with ledger.transaction() as connection:
        prolonged = connection.execute(
            """UPDATE credentials_probe SET last_at = ?3, reason = ?4 WHERE feed = ?1 AND verdict = ?2
               AND first_at = (SELECT max(first_at) FROM credentials_probe WHERE feed = ?1)""",
            (feed, verdict, stamp(now), reason),
        )
        if prolonged.rowcount == 0:
            connection.execute(
                "INSERT OR REPLACE INTO credentials_probe VALUES (?, ?, ?, ?, ?)",
                (feed, verdict, reason, stamp(now), stamp(now)),
            )


def advance_mark(
    ledger: Ledger, feed: str, *, stage: str, clock: str, value: datetime | None, run_id: str, now: datetime
) -> None:
    """Move a high-water mark forward; a value that is not ahead of it is no movement."""
    if value is None:
        return
    ledger.write(
        """INSERT INTO high_water_mark SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (
               SELECT 1 FROM high_water_mark WHERE feed = ?1 AND stage = ?2 AND clock = ?3 AND value >= ?4)""",
        feed,
        stage,
        clock,
        stamp(value),
        run_id,
        stamp(now),
    )


def feeds_staged(ledger: Ledger) -> list[str]:
    """The feeds of which anything was ever staged here, by name, whether or not a contract still names them."""
    rows = ledger.rows("SELECT DISTINCT feed FROM high_water_mark WHERE stage = 'staged' ORDER BY feed")
    return [row["feed"] for row in rows]


def record_checks(ledger: Ledger, feed: str, batch_id: str, checks: Iterable[CheckRecord], now: datetime) -> None:
    """Write down the check results of a batch; a repeated judgement of the same batch replaces the former."""
    with ledger.transaction() as connection:
        connection.executemany(
            "INSERT OR REPLACE INTO check_result VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    feed,
                    batch_id,
                    check.check_name,
                    check.column_name,
                    check.severity,
                    check.verdict,
                    check.checked,
                    check.failed,
                    check.reason,
                    stamp(now),
                )
                for check in checks
            ],
        )


def record_held_rows(ledger: Ledger, feed: str, held: int, oldest: datetime | None, now: datetime) -> None:
    """Write down how many rows of a feed are in quarantine now, and since when the oldest of them.

    With it, status is told without opening the warehouse.
    """
    since = stamp(oldest) if oldest else None
    ledger.write("INSERT OR REPLACE INTO quarantine_count VALUES (?, ?, ?, ?)", feed, held, stamp(now), since)


@dataclass(frozen=True)
class Answer:
    """How far a source said that it reaches."""

    row_count: int | None
    newest: str | None


def last_answer(ledger: Ledger, feed: str, since: datetime | None) -> Answer | None:
    """What the source said when it was last read to its end, after `since` where that is given."""
    row = ledger.row(
        """SELECT row_count, newest FROM source_probe WHERE feed = ? AND run_id IS NOT NULL AND probed_at > ?
           ORDER BY probed_at DESC, rowid DESC""",
        feed,
        stamp(since) if since else "",
    )
    return None if row is None else Answer(row["row_count"], row["newest"])
