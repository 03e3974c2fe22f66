"""How well alerts serve: how soon something is seen, told, taken on and mended, and how many were for nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from pipelines.ledger.database import Ledger, stamp

# Per alert: its own times, when it was first told, and when somebody first took it on.
_TIMES = """
SELECT a.onset_at, a.detected_at, a.resolved_at, a.is_false, a.state,
       (SELECT min(moved_at) FROM alert_event AS e WHERE e.alert_id = a.alert_id AND version IS NOT NULL) AS told_at,
       (SELECT min(moved_at) FROM alert_event AS e WHERE e.alert_id = a.alert_id AND to_state = 'ACKED') AS taken_at
FROM alert AS a WHERE a.detected_at >= ? AND a.state NOT IN ('PENDING', 'DROPPED')
"""


@dataclass(frozen=True)
class Figures:
    """Medians over the alerts first seen in a span of time; None where no alert has both ends of the time.

    `detect`: onset to first failing look. `tell`: from there to the first notice. `take`: notice to somebody's word
    that they have it. `repair`: onset to the end. `told` and `closed` count alerts; `false_share` is the share of the
    closed ones of which somebody said that nothing was ever wrong.
    """

    alerts: int
    told: int
    closed: int
    detect: timedelta | None
    tell: timedelta | None
    take: timedelta | None
    repair: timedelta | None
    false_share: float | None


def figures(ledger: Ledger, since: datetime) -> Figures:
    """The figures of alerts first seen since a moment."""
    rows = ledger.rows(_TIMES, stamp(since))
    closed = [row for row in rows if row["state"] == "RESOLVED"]

    def between(begin: str, end: str) -> timedelta | None:
        spans = [_seconds(row[begin], row[end]) for row in rows if row[begin] and row[end]]
        return timedelta(seconds=median(spans)) if spans else None

    return Figures(
        alerts=len(rows),
        told=sum(row["told_at"] is not None for row in rows),
        closed=len(closed),
        detect=between("onset_at", "detected_at"),
        tell=between("detected_at", "told_at"),
        take=between("told_at", "taken_at"),
        repair=between("onset_at", "resolved_at"),
        false_share=sum(row["is_false"] for row in closed) / len(closed) if closed else None,
    )


def _seconds(begin: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()
