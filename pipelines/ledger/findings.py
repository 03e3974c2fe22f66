"""Findings: what the detectors said, kept as spans of time, so that a year of looking stays small."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pipelines.ledger.database import Ledger, stamp
from pipelines.ledger.evidence import Verdict


@dataclass(frozen=True)
class FindingRecord:
    """One verdict as the ledger keeps it. `rules_version` is the version of the contract in force."""

    feed: str
    failure: str
    segment: str
    verdict: Verdict
    reason: str
    rows_affected: int | None
    onset_at: datetime | None
    evidence_at: datetime | None
    evidence: Mapping[str, object]
    rules_version: str


def record_findings(ledger: Ledger, records: Iterable[FindingRecord], now: datetime) -> None:
    """Write verdicts down: one that is as before prolongs its span, another one begins a new span."""
    with ledger.transaction() as connection:
        for record in records:
            if not _prolong(connection, record, now):
                _begin(connection, record, now)


def current_findings(ledger: Ledger, feed: str | None = None) -> list[sqlite3.Row]:
    """The latest span of every (feed, failure, segment), worst verdict first; of one feed, or of all."""
    return ledger.rows(
        """SELECT * FROM finding AS f WHERE (?1 IS NULL OR feed = ?1) AND first_at = (
               SELECT max(first_at) FROM finding AS g
               WHERE g.feed = f.feed AND g.failure = f.failure AND g.segment = f.segment)
           ORDER BY CASE verdict WHEN 'FAIL' THEN 0 WHEN 'WARN' THEN 1 WHEN 'UNKNOWN' THEN 2 ELSE 3 END,
                    feed, failure, segment""",
        feed,
    )


def failed_spans(ledger: Ledger, feed: str, since: datetime) -> list[sqlite3.Row]:
    """(failure, segment, begins, ends) of all times since a moment in which something of a feed was found to fail."""
    return ledger.rows(
        """SELECT failure, segment, min(coalesce(onset_at, first_at), first_at) AS begins, last_at AS ends FROM finding
           WHERE feed = ? AND verdict = 'FAIL' AND last_at >= ?""",
        feed,
        stamp(since),
    )


def latest_verdicts(ledger: Ledger, feed: str | None = None) -> dict[tuple[str, str], list[sqlite3.Row]]:
    """(feed, failure) → the findings of the last look at it, worst verdict first; parts not found then are left out.

    Of one feed, or of all.
    """
    found: dict[tuple[str, str], list[sqlite3.Row]] = {}
    for row in current_findings(ledger, feed):
        found.setdefault((row["feed"], row["failure"]), []).append(row)
    last = {thing: max(row["last_at"] for row in rows) for thing, rows in found.items()}
    return {thing: [row for row in rows if row["last_at"] == last[thing]] for thing, rows in found.items()}


def failing_before(ledger: Ledger, feed: str, rules_version: str, since: datetime) -> list[str]:
    """Failures that the last look before some rules came into force found, seen since a moment; names, in order."""
    rows = ledger.rows(
        """SELECT DISTINCT failure FROM finding AS f
           WHERE feed = ?1 AND verdict = 'FAIL' AND rules_version <> ?2 AND last_at >= ?3 AND first_at = (
               SELECT max(first_at) FROM finding AS g WHERE g.feed = f.feed AND g.failure = f.failure
               AND g.segment = f.segment AND g.rules_version <> ?2)
           ORDER BY failure""",
        feed,
        rules_version,
        stamp(since),
    )
    return [row["failure"] for row in rows]


def _prolong(connection: sqlite3.Connection, record: FindingRecord, now: datetime) -> bool:
    """Move the end of the latest span when it says the same; its reason and facts are those of the newest look."""
    changed = connection.execute(
        """UPDATE finding SET last_at = :now, looks = looks + 1, reason = :reason, rows_affected = :rows,
                  evidence_at = :evidence_at, evidence = :evidence
           WHERE feed = :feed AND failure = :failure AND segment = :segment AND verdict = :verdict
             AND rules_version = :rules AND first_at = (
                 SELECT max(first_at) FROM finding WHERE feed = :feed AND failure = :failure AND segment = :segment)""",
        {
            "now": stamp(now),
            "reason": record.reason,
            "rows": record.rows_affected,
            "evidence_at": stamp(record.evidence_at) if record.evidence_at else None,
            "evidence": json.dumps(dict(record.evidence)),
            "feed": record.feed,
            "failure": record.failure,
            "segment": record.segment,
            "verdict": record.verdict,
            "rules": record.rules_version,
        },
    )
    return changed.rowcount > 0


def _begin(connection: sqlite3.Connection, record: FindingRecord, now: datetime) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO finding VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
        (
            record.feed,
            record.failure,
            record.segment,
            record.verdict,
            record.reason,
            record.rows_affected,
            stamp(record.onset_at) if record.onset_at else None,
            stamp(record.evidence_at) if record.evidence_at else None,
            json.dumps(dict(record.evidence)),
            record.rules_version,
            stamp(now),
            stamp(now),
        ),
    )
