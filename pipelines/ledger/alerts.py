"""Alerts as the ledger keeps them: their present state, everything that happened to them, and silences."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Literal

from pipelines.ledger.database import Ledger, moment, stamp

State = Literal["PENDING", "OPEN", "ACKED", "SUPPRESSED", "SILENCED", "RESOLVED", "REOPENED", "DROPPED"]
Severity = Literal["info", "warning", "error", "critical"]
# People see it.
SEEN: frozenset[State] = frozenset({"OPEN", "REOPENED", "ACKED"})
# Something is wrong and nobody closed it.
AT_WORK: frozenset[State] = SEEN | {"SUPPRESSED", "SILENCED"}
CLOSED: frozenset[State] = frozenset({"RESOLVED", "DROPPED"})
# Who moved an alert when nobody did.
MACHINE = "c360"


@dataclass(frozen=True)
class Alert:
    """One thing wrong with one feed, identified by its `fingerprint` and never by its words.

    `version` counts the changes told of the fingerprint. `is_told`: outside, an incident of it is open. `cause` is the
    fingerprint of the alert that explains this one. `breaches` and `passes` count looks in a row with new evidence.
    `onset_at` is when it began as far as is known, `detected_at` the first failing look, `failed_at` and `passed_at`
    the newest evidence against and for it. `opened_at` is when it was first to be told.
    """

    alert_id: str
    feed: str
    failure: str
    stage: str
    segment: str
    state: State
    severity: Severity
    reason: str
    onset_at: datetime
    detected_at: datetime
    failed_at: datetime
    version: int = 0
    is_told: bool = False
    is_flapping: bool = False
    is_false: bool = False
    evidence: Mapping[str, Any] = field(default_factory=dict)
    rows_affected: int | None = None
    customers_affected: int | None = None
    cause: str | None = None
    breaches: int = 1
    passes: int = 0
    passed_at: datetime | None = None
    opened_at: datetime | None = None
    acked_at: datetime | None = None
    acked_until: datetime | None = None
    acked_by: str | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    reopened_at: tuple[datetime, ...] = ()

    @property
    def fingerprint(self) -> str:
        """feed|failure|stage|segment."""
        return fingerprint(self.feed, self.failure, self.stage, self.segment)


@dataclass(frozen=True)
class Silence:
    """Somebody wants not to be told of a feed (of one failure of it, or of all when None) until it ends."""

    feed: str
    failure: str | None
    begins_at: datetime
    ends_at: datetime
    silenced_by: str
    reason: str


_COLUMNS = [one.name for one in fields(Alert)]
_MOMENTS = [name for name in _COLUMNS if name.endswith(("_at", "_until")) and name != "reopened_at"]
_FLAGS = [name for name in _COLUMNS if name.startswith("is_")]


def fingerprint(feed: str, failure: str, stage: str, segment: str) -> str:
    """What makes two alerts the same one: not the words, not the run."""
    return f"{feed}|{failure}|{stage}|{segment}"


def read_alerts(ledger: Ledger, *, closed_since: datetime | None) -> list[Alert]:
    """The newest alert of each fingerprint, the oldest first; closed ones only when closed or told of since then."""
    rows = ledger.rows(
        """SELECT * FROM alert AS a WHERE state NOT IN ('RESOLVED', 'DROPPED') OR (state = 'RESOLVED'
               AND (is_told OR resolved_at >= ?) AND rowid = (
                   SELECT max(rowid) FROM alert AS b WHERE b.fingerprint = a.fingerprint))
           ORDER BY rowid""",
        stamp(closed_since) if closed_since else "9999",
    )
    return [_alert(row) for row in rows]


def read_alert(ledger: Ledger, alert_id: str) -> Alert | None:
    """One alert by its id."""
    row = ledger.row("SELECT * FROM alert WHERE alert_id = ?", alert_id)
    return _alert(row) if row else None


def alerts_at_work(ledger: Ledger, feed: str) -> list[Alert]:
    """Alerts of a feed behind which something is wrong now, told or not, the oldest first."""
    states = ", ".join("?" for _ in AT_WORK)
    rows = ledger.rows(f"SELECT * FROM alert WHERE feed = ? AND state IN ({states}) ORDER BY rowid", feed, *AT_WORK)
    return [_alert(row) for row in rows]


def told_alerts(ledger: Ledger, failure: str) -> list[Alert]:
    """Alerts of a kind of failure that people see now, of all feeds, the oldest first."""
    states = ", ".join("?" for _ in SEEN)
    rows = ledger.rows(f"SELECT * FROM alert WHERE failure = ? AND state IN ({states}) ORDER BY rowid", failure, *SEEN)
    return [_alert(row) for row in rows]


def resolved_alerts(ledger: Ledger, feed: str, since: datetime) -> list[Alert]:
    """Alerts of a feed that were resolved since a moment and that nobody called false, the oldest first."""
    rows = ledger.rows(
        """SELECT * FROM alert WHERE feed = ? AND state = 'RESOLVED' AND NOT is_false AND resolved_at >= ?
           ORDER BY rowid""",
        feed,
        stamp(since),
    )
    return [_alert(row) for row in rows]


def all_alerts(ledger: Ledger) -> list[Alert]:
    """Every alert there ever was, the newest first."""
    return [_alert(row) for row in ledger.rows("SELECT * FROM alert ORDER BY rowid DESC")]


def explained_by(ledger: Ledger, cause: str) -> list[Alert]:
    """The alerts that are quiet as one alert explains them, directly or through others of them."""
    rows = ledger.rows(
        """WITH RECURSIVE below (fingerprint) AS (
               SELECT fingerprint FROM alert WHERE state = 'SUPPRESSED' AND cause = ?
               UNION SELECT a.fingerprint FROM alert AS a JOIN below ON a.cause = below.fingerprint
               WHERE a.state = 'SUPPRESSED')
           SELECT * FROM alert WHERE state = 'SUPPRESSED' AND fingerprint IN (SELECT fingerprint FROM below)
           ORDER BY rowid""",
        cause,
    )
    return [_alert(row) for row in rows]


def alert_count(ledger: Ledger) -> int:
    """How many alerts there ever were; their ids are numbered by it."""
    row = ledger.row("SELECT count(*) AS n FROM alert")
    return int(row["n"]) if row else 0


def last_version(ledger: Ledger, of: str) -> int:
    """How many changes of a fingerprint were told, over all of its alerts."""
    row = ledger.row("SELECT max(version) AS n FROM alert WHERE fingerprint = ?", of)
    return int(row["n"] or 0) if row else 0


def write_alert(connection: sqlite3.Connection, alert: Alert) -> None:
    """Put an alert as it is now, inside the caller's transaction."""
    values = {name: getattr(alert, name) for name in _COLUMNS}
    values |= {name: stamp(values[name]) if values[name] else None for name in _MOMENTS}
    values["evidence"] = json.dumps(dict(alert.evidence))
    values["reopened_at"] = json.dumps([stamp(at) for at in alert.reopened_at])
    values["fingerprint"] = alert.fingerprint
    connection.execute(
        f"""INSERT INTO alert ({", ".join(values)}) VALUES ({", ".join("?" for _ in values)})
            ON CONFLICT (alert_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in values)}""",
        tuple(values.values()),
    )


def record_event(
    connection: sqlite3.Connection, before: State | None, alert: Alert, *, why: str, by: str, now: datetime, told: bool
) -> None:
    """Write down what happened to an alert, inside the caller's transaction."""
    connection.execute(
        "INSERT INTO alert_event (alert_id, moved_at, moved_by, from_state, to_state, why, version)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (alert.alert_id, stamp(now), by, before, alert.state, why, alert.version if told else None),
    )


def events_of(ledger: Ledger, alert_id: str) -> list[sqlite3.Row]:
    """What happened to an alert, in order."""
    return ledger.rows("SELECT * FROM alert_event WHERE alert_id = ? ORDER BY event_id", alert_id)


def record_silence(ledger: Ledger, silence: Silence) -> None:
    """Write a silence down."""
    ledger.write(
        "INSERT INTO silence (feed, failure, begins_at, ends_at, silenced_by, reason) VALUES (?, ?, ?, ?, ?, ?)",
        silence.feed,
        silence.failure,
        stamp(silence.begins_at),
        stamp(silence.ends_at),
        silence.silenced_by,
        silence.reason,
    )


def silences_at(ledger: Ledger, now: datetime) -> list[Silence]:
    """Silences in force at a moment."""
    rows = ledger.rows("SELECT * FROM silence WHERE begins_at <= ? AND ends_at > ?", stamp(now), stamp(now))
    return [
        Silence(
            feed=row["feed"],
            failure=row["failure"],
            begins_at=datetime.fromisoformat(row["begins_at"]),
            ends_at=datetime.fromisoformat(row["ends_at"]),
            silenced_by=row["silenced_by"],
            reason=row["reason"],
        )
        for row in rows
    ]


def _alert(row: sqlite3.Row) -> Alert:
    values: dict[str, Any] = {name: row[name] for name in _COLUMNS}
    values |= {name: moment(row[name]) for name in _MOMENTS}
    values |= {name: bool(row[name]) for name in _FLAGS}
    values["evidence"] = json.loads(row["evidence"])
    values["reopened_at"] = tuple(datetime.fromisoformat(text) for text in json.loads(row["reopened_at"]))
    return Alert(**values)
