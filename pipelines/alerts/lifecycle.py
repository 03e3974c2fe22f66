"""The life of an alert as a pure state machine: what a look at its feed, and what else is going on, make of it.

    PENDING ── enough failing looks ──► OPEN ── somebody has it ──► ACKED ── positive evidence ──► RESOLVED
       │                                  │ ▲                                                        │
       └── cleared before ──► DROPPED     │ └── its cause or the silence is over, and it still fails │
                                          ▼                                                          │
                             SUPPRESSED (another alert explains it), SILENCED                        │
                                                                          REOPENED ◄── fails again ──┘

Only positive evidence resolves: a PASS whose evidence is newer than the failing one, as many times as it takes failing
looks to open. UNKNOWN, WARN and no finding at all move nothing by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipelines.alerts.notice import Event
from pipelines.freshness.finding import Finding
from pipelines.ledger.alerts import AT_WORK, Alert, Severity, State

# Who has an alert is asked again after this time.
ACK_TERM = timedelta(hours=4)
# What fails again within this time is the same incident.
REOPEN_WINDOW = timedelta(hours=24)
# So many re-openings within the window are told once, and then not until there are fewer.
FLAPS = 3
# When a cause ends, what it explained gets this long for evidence of its own: feeds are not read at the same time.
SETTLING = timedelta(hours=1)
RANKS: tuple[Severity, ...] = ("info", "warning", "error", "critical")


@dataclass(frozen=True)
class Circumstances:
    """What else bears on an alert now.

    `successive`: how many looks in a row it takes. `cause`: fingerprint of the open alert that explains it, and
    `cause_ended_at` when the one that did came to its end. `found`: what explains it in turn, and was not known yet.
    `silence`: why nobody wants to be told.
    """

    severity: Severity
    successive: int = 1
    cause: str | None = None
    found: str | None = None
    cause_ended_at: datetime | None = None
    silence: str | None = None


@dataclass(frozen=True)
class Move:
    """What became of an alert. `why` is None when nothing happened to it, `told` when nobody is to be told."""

    alert: Alert
    why: str | None = None
    told: Event | None = None


def begin(alert_id: str, finding: Finding, stage: str, now: datetime) -> Alert:
    """The alert of a first failing look, PENDING."""
    return Alert(
        alert_id=alert_id,
        feed=finding.feed,
        failure=finding.failure,
        stage=stage,
        segment=finding.segment,
        state="PENDING",
        severity="info",
        reason=finding.reason,
        evidence=finding.evidence,
        rows_affected=finding.rows,
        onset_at=finding.onset or now,
        detected_at=now,
        failed_at=finding.evidence_at or now,
    )


def observe(alert: Alert, finding: Finding | None, now: datetime) -> Alert:
    """The alert with a look counted, its state untouched. The same evidence looked at twice counts once."""
    if finding is None or finding.verdict not in ("FAIL", "PASS"):
        return alert
    if finding.verdict == "FAIL":
        failed_at = finding.evidence_at or now
        return replace(
            alert,
            breaches=alert.breaches + (failed_at > alert.failed_at),
            passes=0,
            failed_at=max(failed_at, alert.failed_at),
            reason=finding.reason,
            evidence=finding.evidence,
            rows_affected=finding.rows,
        )
    newest = max(alert.failed_at, alert.passed_at or alert.failed_at)
    if finding.evidence_at is None or finding.evidence_at <= newest:
        return alert
    return replace(alert, breaches=0, passes=alert.passes + 1, passed_at=finding.evidence_at)


def is_breached(alert: Alert, successive: int, *, is_failing: bool) -> bool:
    """Whether the alert stands for something wrong now, told or not, once its looks are counted."""
    if alert.state in AT_WORK:
        return alert.passes < successive
    return is_failing and alert.breaches >= successive


def is_over(alert: Alert, now: datetime) -> bool:
    """Whether what fails from now on is another alert: not while an incident of this one is open outside."""
    if alert.state != "RESOLVED" or alert.is_told:
        return alert.state == "DROPPED"
    return now - (alert.resolved_at or now) > REOPEN_WINDOW


def advance(alert: Alert, around: Circumstances, now: datetime, *, is_failing: bool) -> Move:
    """The next state of an alert whose looks are counted. `is_failing`: this round's look at it failed."""
    if alert.state == "PENDING":
        return _pending(alert, around, now)
    if alert.state == "RESOLVED":
        return _resolved(alert, around, now, is_failing)
    if alert.state == "DROPPED":
        return Move(alert)
    if alert.passes >= around.successive:
        return resolve(
            alert, now, by=None, why=f"{alert.passes} look{'s' if alert.passes > 1 else ''} passed on newer evidence"
        )
    if around.cause or around.silence:
        return _hush(alert, around)
    if alert.state in ("SUPPRESSED", "SILENCED"):
        return _speak_again(alert, around, now, is_failing)
    return _visible(alert, around, now)


def acknowledge(alert: Alert, now: datetime, *, by: str, until: datetime, why: str) -> Move:
    """Somebody has it. Outside it is told when it is open there."""
    acked = replace(alert, state="ACKED", acked_at=now, acked_by=by, acked_until=until)
    return Move(acked, why, "ack" if alert.is_told else None)


def resolve(alert: Alert, now: datetime, *, by: str | None, why: str, is_false: bool = False) -> Move:
    """Well again, by evidence (`by` None) or by somebody's word; the latter falls with the next failing look."""
    is_quiet = alert.is_flapping and by is None
    done = replace(
        alert,
        state="RESOLVED",
        resolved_at=now,
        resolved_by=by,
        is_false=is_false,
        cause=None,
        passes=0,
        is_told=alert.is_told and is_quiet,
        is_flapping=is_quiet,
    )
    return Move(done, why, "resolve" if alert.is_told and not is_quiet else None)


def _pending(alert: Alert, around: Circumstances, now: datetime) -> Move:
    if alert.passes:
        return Move(replace(alert, state="DROPPED"), "it passed before it was told")
    if alert.breaches < around.successive:
        return Move(alert)
    return _stand(replace(alert, severity=around.severity), "OPEN", around, now, alert.reason)


def _resolved(alert: Alert, around: Circumstances, now: datetime, is_failing: bool) -> Move:
    if is_failing and alert.breaches >= around.successive:
        again = replace(
            alert,
            reopened_at=(*alert.reopened_at, now),
            severity=around.severity,
            opened_at=None,
            resolved_at=None,
            resolved_by=None,
            is_false=False,
            acked_at=None,
            acked_by=None,
            acked_until=None,
        )
        return _stand(again, "REOPENED", around, now, f"again: {alert.reason}")
    if alert.is_flapping and not _is_unsteady(alert, now):
        return Move(replace(alert, is_told=False, is_flapping=False), "it stays well", "resolve")
    return Move(alert)


def _visible(alert: Alert, around: Circumstances, now: datetime) -> Move:
    """Of an alert that people see: somebody's time runs out, its cause is found, or it gets worse."""
    grown = replace(
        alert,
        severity=_worse(alert.severity, around.severity),
        is_flapping=alert.is_flapping and _is_unsteady(alert, now),
    )
    if alert.state == "ACKED" and alert.acked_until is not None and now >= alert.acked_until:
        why = f"{alert.acked_by} had it until {alert.acked_until:%Y-%m-%d %H:%M} UTC, and it still fails"
        return Move(replace(grown, state="OPEN", is_told=True), why, "update")
    if around.found:
        return Move(replace(grown, is_told=True), f"its cause was found: {around.found}", "update")
    if grown.severity != alert.severity:
        return Move(replace(grown, is_told=True), f"it is {grown.severity} now", "update")
    return Move(grown)


def _speak_again(alert: Alert, around: Circumstances, now: datetime, is_failing: bool) -> Move:
    """Of an alert whose reason to be quiet is over: it is told when it still fails."""
    ended = around.cause_ended_at
    # What is learned looks at some batches together: those of the time of its cause do not show that it lasts.
    is_learned = around.successive > 1
    is_of_its_time = ended is not None and (alert.failed_at <= ended if is_learned else alert.failed_at < ended)
    if not is_failing or (ended and is_of_its_time and (is_learned or now - ended <= SETTLING)):
        return Move(alert)
    over = "the silence is over" if alert.state == "SILENCED" else "what explained it is over"
    is_taken = alert.acked_until is not None and now < alert.acked_until
    grown = replace(alert, severity=_worse(alert.severity, around.severity), cause=None)
    return _surface(grown, "ACKED" if is_taken else "OPEN", now, f"{over}, and it still fails")


def _stand(alert: Alert, state: State, around: Circumstances, now: datetime, why: str) -> Move:
    if around.cause or around.silence:
        return _hush(alert, around)
    return _surface(alert, state, now, why)


def _hush(alert: Alert, around: Circumstances) -> Move:
    """Put an alert under its cause, or into the silence."""
    if around.cause:
        is_there = alert.state == "SUPPRESSED" and alert.cause == around.cause
        quiet = replace(alert, state="SUPPRESSED", cause=around.cause)
        return Move(quiet, None if is_there else f"explained by {around.cause}")
    quiet = replace(alert, state="SILENCED", cause=None)
    return Move(quiet, None if alert.state == "SILENCED" else around.silence)


def _surface(alert: Alert, state: State, now: datetime, why: str) -> Move:
    """Tell people, unless somebody has it already or they were told that it comes and goes."""
    shown = replace(alert, state=state, opened_at=alert.opened_at or now)
    is_unsteady = _is_unsteady(alert, now)
    if state == "ACKED" or (alert.is_flapping and is_unsteady):
        return Move(shown, why)
    if is_unsteady:
        why = f"it comes and goes, {FLAPS} times or more within a day; told again when it is steady. {alert.reason}"
    return Move(replace(shown, is_told=True, is_flapping=is_unsteady), why, "update" if alert.is_told else "open")


def _is_unsteady(alert: Alert, now: datetime) -> bool:
    return sum(now - at < REOPEN_WINDOW for at in alert.reopened_at) >= FLAPS


def _worse(one: Severity, other: Severity) -> Severity:
    return max(one, other, key=RANKS.index)
