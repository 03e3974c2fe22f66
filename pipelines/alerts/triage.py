"""From findings to alerts: one round of looks moves every alert, and what is to be told lies in the outbox."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from connectors.contract import FeedContract
from pipelines.alerts import causes, lifecycle, outbox, rules
from pipelines.alerts.lifecycle import Circumstances, Move
from pipelines.freshness.failures import Failure, load_failures
from pipelines.freshness.finding import Finding
from pipelines.ledger import alerts as kept
from pipelines.ledger.alerts import Alert
from pipelines.ledger.database import Ledger, moment, stamp

# A person reads so many names; the others are counted.
MOST_COVERED = 20


@dataclass(frozen=True)
class _Round:
    """What one round of looks makes of the alerts. `former` holds them as they were; absent are new ones."""

    former: Mapping[str, Alert]
    moves: Mapping[str, Move]
    covered: Mapping[str, list[Alert]]

    def changed(self) -> list[tuple[Alert | None, Move]]:
        """What is to be written, causes and what they cover alike."""
        pairs = [(self.former.get(move.alert.alert_id), move) for move in self.moves.values()]
        return [(before, move) for before, move in pairs if before != move.alert]


def triage(
    ledger: Ledger,
    catalog: Mapping[str, FeedContract],
    findings: Iterable[Finding],
    now: datetime,
    *,
    customers: Callable[[Alert], int | None] = lambda _: None,
) -> list[Alert]:
    """Move every alert by a round of findings; the changed ones as they are now.

    State, event and notice of a change are one transaction: a kill leaves all of them or none. `customers` counts who
    is affected, and is asked before the transaction, of alerts that are about to open and are not counted yet.
    """
    findings = list(findings)
    expected = _play(ledger, catalog, findings, now)
    counted = {move.alert.fingerprint: customers(move.alert) for _, move in expected.changed() if _is_opening(move)}
    with ledger.transaction() as connection:
        played = _play(ledger, catalog, findings, now)
        changed = played.changed()
        for before, move in changed:
            alert = replace(
                move.alert,
                customers_affected=counted.get(move.alert.fingerprint, move.alert.customers_affected),
                version=move.alert.version or kept.last_version(ledger, move.alert.fingerprint),
            )
            covered = played.covered.get(alert.fingerprint, [])
            record_move(ledger, connection, before, replace(move, alert=alert), catalog, covered, now=now)
    return [move.alert for _, move in changed]


def record_move(
    ledger: Ledger,
    connection: sqlite3.Connection,
    before: Alert | None,
    move: Move,
    catalog: Mapping[str, FeedContract],
    covered: Iterable[Alert],
    *,
    now: datetime,
    by: str = kept.MACHINE,
) -> None:
    """Write a move down with its event and its notice, inside the caller's transaction."""
    alert, contract = move.alert, catalog.get(move.alert.feed)
    if move.told is not None:
        alert = replace(alert, version=alert.version + 1)
    kept.write_alert(connection, alert)
    why = move.why or ("first failing look" if before is None else None)
    if why is not None:
        state = before.state if before else None
        kept.record_event(connection, state, alert, why=why, by=by, now=now, told=move.told is not None)
    if move.told is not None:
        notice = outbox.notice_of(
            alert,
            move.told,
            failure=load_failures()[alert.failure],
            contract=contract,
            covered=names_of(covered),
            last_good_at=last_good_at(ledger, alert),
            why=why or alert.reason,
            now=now,
        )
        outbox.put(connection, notice, now)


def names_of(covered: Iterable[Alert]) -> list[str]:
    """What an alert covers, as a notice lists it."""
    names = [
        f"{one.feed}: {load_failures()[one.failure].title}" + (f" ({one.segment})" if one.segment else "")
        for one in covered
    ]
    more = len(names) - MOST_COVERED
    return names if more <= 0 else [*names[:MOST_COVERED], f"and {more} more"]


def last_good_at(ledger: Ledger, alert: Alert) -> datetime | None:
    """When the feed was last read to the end before the alert began."""
    row = ledger.row(
        "SELECT max(started_at) AS at FROM feed_run WHERE feed = ? AND status IN ('OK', 'EMPTY_OK') AND started_at < ?",
        alert.feed,
        stamp(alert.onset_at),
    )
    return moment(row["at"]) if row else None


def _play(ledger: Ledger, catalog: Mapping[str, FeedContract], findings: list[Finding], now: datetime) -> _Round:
    """What the findings make of the alerts that there are; nothing is written."""
    failures = load_failures()
    looks = {(one.feed, one.failure, one.segment): one for one in findings}
    former = [a for a in kept.read_alerts(ledger, closed_since=now - lifecycle.REOPEN_WINDOW) if a.failure in failures]
    present = {alert.fingerprint: alert for alert in former if not lifecycle.is_over(alert, now)}
    observed: dict[str, Alert] = {}
    failing: dict[str, Finding] = {}
    for alert in present.values():
        look = _look_at(alert, looks)
        observed[alert.fingerprint] = lifecycle.observe(alert, look, now)
        if look is not None and look.verdict == "FAIL":
            failing[alert.fingerprint] = look
    number = kept.alert_count(ledger)
    for finding in looks.values():
        stage = failures[finding.failure].stage
        mark = kept.fingerprint(finding.feed, finding.failure, stage, finding.segment)
        if finding.verdict == "FAIL" and mark not in observed:
            number += 1
            observed[mark] = lifecycle.begin(f"A{number}", finding, stage, now)
            failing[mark] = finding
    successive = _successive(observed, failing, failures)
    wrong = [
        alert
        for mark, alert in observed.items()
        if lifecycle.is_breached(alert, successive[mark], is_failing=mark in failing)
    ]
    silences = kept.silences_at(ledger, now)
    silent = {
        mark: rules.why_silent(alert.feed, alert.failure, silences, catalog, now) for mark, alert in observed.items()
    }
    explained = causes.causes(wrong, catalog, failures, silent={mark for mark, why in silent.items() if why})
    covered = causes.covered_by(wrong, explained)
    moves = {}
    for mark, alert in observed.items():
        around = Circumstances(
            severity=_severity([alert, *covered.get(mark, ())], failures, catalog, now),
            successive=successive[mark],
            cause=explained.get(mark),
            found=_found(alert, [one for one in wrong if explained.get(one.fingerprint) == mark], failures),
            cause_ended_at=_ended_at(observed.get(alert.cause or ""), failures),
            silence=silent[mark],
        )
        moves[mark] = lifecycle.advance(alert, around, now, is_failing=mark in failing)
    return _Round({alert.alert_id: alert for alert in former}, moves, covered)


def _successive(
    observed: Mapping[str, Alert], failing: Mapping[str, Finding], failures: Mapping[str, Failure]
) -> dict[str, int]:
    """Fingerprint → how many looks in a row it takes.

    One is enough for a fact. So it is for what explains, by the catalogue, a deviation of its feed that is about to be
    told: two see the same thing, and it is told by the name of its cause.
    """
    needed = {
        mark: 1 if mark in failing and failing[mark].is_exact else failures[alert.failure].successive
        for mark, alert in observed.items()
    }
    due = [
        alert
        for mark, alert in observed.items()
        if alert.state not in kept.AT_WORK and lifecycle.is_breached(alert, needed[mark], is_failing=mark in failing)
    ]
    seen_twice = {(alert.feed, cause) for alert in due for cause in failures[alert.failure].under}
    return needed | {mark: 1 for mark in failing if (observed[mark].feed, observed[mark].failure) in seen_twice}


def _look_at(alert: Alert, looks: Mapping[tuple[str, str, str], Finding]) -> Finding | None:
    """The finding that speaks of an alert: its own, or a PASS of the whole feed."""
    own = looks.get((alert.feed, alert.failure, alert.segment))
    whole = looks.get((alert.feed, alert.failure, ""))
    return own or (whole if whole is not None and whole.verdict == "PASS" else None)


def _found(alert: Alert, below: Iterable[Alert], failures: Mapping[str, Failure]) -> str | None:
    """What is new among the alerts right below one that people know, and explains it by the catalogue."""
    for one in below:
        is_there = one.state == "SUPPRESSED" and one.cause == alert.fingerprint
        if one.failure in failures[alert.failure].under and not is_there:
            return f"{failures[one.failure].title}: {one.reason}"
    return None


def _severity(
    alerts: Iterable[Alert], failures: Mapping[str, Failure], catalog: Mapping[str, FeedContract], now: datetime
) -> kept.Severity:
    """The worst of an alert and of what it covers: who is told of one is told of all."""
    each = (rules.severity(failures[one.failure], catalog.get(one.feed), one.opened_at, now) for one in alerts)
    return max(each, key=lifecycle.RANKS.index)


def _ended_at(cause: Alert | None, failures: Mapping[str, Failure]) -> datetime | None:
    """The moment of what ended a cause, when it ended: newer evidence, or somebody's word."""
    if cause is None or cause.resolved_by is not None:
        return cause.resolved_at if cause else None
    is_ending = cause.state == "RESOLVED" or cause.passes >= failures[cause.failure].successive
    return cause.passed_at if is_ending else None


def _is_opening(move: Move) -> bool:
    return move.told == "open" and move.alert.customers_affected is None
