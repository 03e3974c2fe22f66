"""How well alerts serve: how soon something is seen, told, taken on and mended, and how many were for nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from pipelines.ledger.database import Ledger, stamp

# Per alert: its own times, when it was first told, and when somebody first took it on.
_TIMES = """
SELECT a.failure, a.detected_at, a.resolved_at, a.is_false, a.state,
       nullif(a.onset_at, a.detected_at) AS onset_at, coalesce(a.onset_at, a.detected_at) AS began_at,
       (SELECT min(moved_at) FROM alert_event AS e WHERE e.alert_id = a.alert_id AND version IS NOT NULL) AS told_at,
       (SELECT min(moved_at) FROM alert_event AS e WHERE e.alert_id = a.alert_id AND to_state = 'ACKED') AS taken_at
FROM alert AS a WHERE a.detected_at >= ? AND a.state NOT IN ('PENDING', 'DROPPED')
"""


@dataclass(frozen=True)
class Lasting:
    """How long something took, over alerts: the middle one and the one that took longest."""

    median: timedelta
    worst: timedelta


@dataclass(frozen=True)
class Figures:
    """Figures over alerts first seen in a span of time; a time is None where no alert has both of its ends.

    `detect`: onset to first failing look, of alerts whose onset is known. `tell`: from there to the first notice.
    `take`: notice to somebody's word that they have it. `repair`: onset, or the first look, to the end. `told` and
    `closed` count alerts. `precision` is the share of the closed ones of which nobody said that nothing was ever wrong.
    """

    alerts: int
    told: int
    closed: int
    detect: Lasting | None
    tell: Lasting | None
    take: Lasting | None
    repair: Lasting | None
    precision: float | None


def figures(ledger: Ledger, since: datetime | None = None) -> dict[str, Figures]:
    """Kind of failure → its figures, of alerts first seen since a moment, or of all; what happened most comes first."""
    of_kind: dict[str, list[sqlite3.Row]] = {}
    for row in ledger.rows(_TIMES, stamp(since) if since else ""):
        of_kind.setdefault(row["failure"], []).append(row)
    return {kind: _of(rows) for kind, rows in sorted(of_kind.items(), key=lambda one: (-len(one[1]), one[0]))}


def _of(rows: Sequence[sqlite3.Row]) -> Figures:
    closed = [row for row in rows if row["state"] == "RESOLVED"]
    return Figures(
        alerts=len(rows),
        told=sum(row["told_at"] is not None for row in rows),
        closed=len(closed),
        detect=_between(rows, "onset_at", "detected_at"),
        tell=_between(rows, "detected_at", "told_at"),
        take=_between(rows, "told_at", "taken_at"),
        repair=_between(closed, "began_at", "resolved_at"),
        precision=1 - sum(row["is_false"] for row in closed) / len(closed) if closed else None,
    )


def _between(rows: Sequence[sqlite3.Row], begin: str, end: str) -> Lasting | None:
    spans = [
        (datetime.fromisoformat(row[end]) - datetime.fromisoformat(row[begin])).total_seconds()
        for row in rows
        if row[begin] and row[end]
    ]
    return Lasting(timedelta(seconds=median(spans)), timedelta(seconds=max(spans))) if spans else None
