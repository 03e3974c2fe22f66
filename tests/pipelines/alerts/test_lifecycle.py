"""The state machine of one alert, transition by transition."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from pipelines.alerts import lifecycle
from pipelines.alerts.lifecycle import Circumstances, Move, advance, begin, observe
from pipelines.ledger.alerts import AT_WORK, Alert, State
from pipelines.ledger.evidence import Verdict
from tests.pipelines.alerts.alert_factory import DAY, HOUR, MINUTE, NOON, finding

ERROR = Circumstances("error")
LEARNED = Circumstances("warning", successive=2)
EXPLAINED = Circumstances("error", cause="shop.orders|credentials|source|")
SILENT = Circumstances("error", silence="silenced by ana: move of the database")


def an_alert(state: State, **facts: object) -> Alert:
    """Of an exact check that failed at noon; told when people see it."""
    plain = replace(
        begin("A1", finding("FAIL", at=NOON), "landed", NOON),
        state=state,
        severity="error",
        is_told=state in ("OPEN", "ACKED", "REOPENED"),
        opened_at=NOON,
        cause=EXPLAINED.cause if state == "SUPPRESSED" else None,
    )
    if state == "RESOLVED":
        plain = replace(plain, breaches=0, passed_at=NOON + MINUTE, resolved_at=NOON + MINUTE)
    return replace(plain, **facts)  # type: ignore[arg-type]


def look(alert: Alert, verdict: Verdict | None, around: Circumstances, at: datetime = NOON + 2 * MINUTE) -> Move:
    """One round: a finding whose evidence is as new as the round, and what becomes of the alert."""
    found = finding(verdict, at=at) if verdict else None
    return advance(observe(alert, found, at), around, at, is_failing=verdict == "FAIL")


@pytest.mark.parametrize(
    ("state", "verdict", "around", "then", "told"),
    [
        ("PENDING", "FAIL", ERROR, "OPEN", "open"),
        ("PENDING", "FAIL", EXPLAINED, "SUPPRESSED", None),
        ("PENDING", "FAIL", SILENT, "SILENCED", None),
        ("PENDING", "PASS", ERROR, "DROPPED", None),
        ("OPEN", "FAIL", ERROR, "OPEN", None),
        ("OPEN", "WARN", ERROR, "OPEN", None),
        ("OPEN", "UNKNOWN", ERROR, "OPEN", None),
        ("OPEN", None, ERROR, "OPEN", None),
        ("OPEN", "PASS", ERROR, "RESOLVED", "resolve"),
        ("OPEN", "PASS", LEARNED, "OPEN", None),
        ("OPEN", "FAIL", EXPLAINED, "SUPPRESSED", None),
        ("OPEN", "FAIL", SILENT, "SILENCED", None),
        ("OPEN", "FAIL", Circumstances("critical"), "OPEN", "update"),
        ("OPEN", "FAIL", Circumstances("warning"), "OPEN", None),
        ("ACKED", "FAIL", ERROR, "ACKED", None),
        ("ACKED", "FAIL", Circumstances("critical"), "ACKED", "update"),
        ("ACKED", "PASS", ERROR, "RESOLVED", "resolve"),
        ("SUPPRESSED", "FAIL", EXPLAINED, "SUPPRESSED", None),
        ("SUPPRESSED", "FAIL", ERROR, "OPEN", "open"),
        ("SUPPRESSED", "UNKNOWN", ERROR, "SUPPRESSED", None),
        ("SUPPRESSED", "PASS", ERROR, "RESOLVED", None),
        ("SUPPRESSED", "FAIL", SILENT, "SILENCED", None),
        ("SILENCED", "FAIL", SILENT, "SILENCED", None),
        ("SILENCED", "FAIL", ERROR, "OPEN", "open"),
        ("SILENCED", "PASS", SILENT, "RESOLVED", None),
        ("RESOLVED", "FAIL", ERROR, "REOPENED", "open"),
        ("RESOLVED", "FAIL", EXPLAINED, "SUPPRESSED", None),
        ("RESOLVED", "PASS", ERROR, "RESOLVED", None),
        ("REOPENED", "PASS", ERROR, "RESOLVED", "resolve"),
        ("DROPPED", "FAIL", ERROR, "DROPPED", None),
    ],
)
def test_each_look_moves_an_alert_as_the_diagram_says(
    state: State, verdict: Verdict | None, around: Circumstances, then: State, told: str | None
) -> None:
    move = look(an_alert(state), verdict, around)
    assert (move.alert.state, move.told) == (then, told)
    assert (move.why is not None) == (state != then or told is not None)


def test_a_pass_on_evidence_that_is_not_newer_resolves_nothing() -> None:
    for evidence_at in (None, NOON - MINUTE, NOON):
        alert = observe(an_alert("OPEN"), finding("PASS", at=evidence_at), NOON + HOUR)
        assert advance(alert, ERROR, NOON + HOUR, is_failing=False).alert.state == "OPEN"


def test_a_learned_check_needs_two_failing_looks_and_two_passing_ones_each_on_newer_evidence() -> None:
    alert = begin("A1", finding("FAIL", at=NOON), "staged", NOON)
    same = advance(observe(alert, finding("FAIL", at=NOON), NOON + MINUTE), LEARNED, NOON + MINUTE, is_failing=True)
    assert same.alert.state == "PENDING", "the same evidence looked at again is no second breach"
    opened = look(same.alert, "FAIL", LEARNED, NOON + 2 * MINUTE)
    assert (opened.alert.state, opened.told) == ("OPEN", "open")
    once = look(opened.alert, "PASS", LEARNED, NOON + 3 * MINUTE)
    again = advance(
        observe(once.alert, finding("PASS", at=NOON + 3 * MINUTE), NOON + 4 * MINUTE),
        LEARNED,
        NOON + 4 * MINUTE,
        is_failing=False,
    )
    assert again.alert.state == "OPEN"
    assert look(again.alert, "PASS", LEARNED, NOON + 5 * MINUTE).alert.state == "RESOLVED"


def test_a_failing_look_between_two_passing_ones_begins_the_count_anew() -> None:
    alert = an_alert("OPEN")
    for minute, verdict in ((1, "PASS"), (2, "FAIL"), (3, "PASS")):
        alert = look(alert, verdict, LEARNED, NOON + minute * MINUTE).alert  # type: ignore[arg-type]
    assert alert.state == "OPEN"


def test_who_takes_an_alert_on_is_asked_again_when_the_time_is_over() -> None:
    until = NOON + 4 * HOUR
    taken = lifecycle.acknowledge(an_alert("OPEN"), NOON, by="ana", until=until, why="taken on")
    assert (taken.alert.state, taken.told) == ("ACKED", "ack")
    assert look(taken.alert, "FAIL", ERROR, until - MINUTE).told is None
    late = look(taken.alert, None, ERROR, until)
    assert (late.alert.state, late.told) == ("OPEN", "update")
    assert "ana had it until" in (late.why or "")
    assert look(late.alert, None, ERROR, until + MINUTE).told is None, "it is told once"


def test_what_a_cause_explained_is_told_after_it_only_on_newer_failing_evidence_or_after_an_hour() -> None:
    ended = Circumstances("error", cause_ended_at=NOON + MINUTE)
    child = an_alert("SUPPRESSED", cause="x")
    old = observe(child, finding("FAIL", at=NOON), NOON + 2 * MINUTE)
    for later, state in ((2 * MINUTE, "SUPPRESSED"), (61 * MINUTE, "SUPPRESSED"), (62 * MINUTE, "OPEN")):
        assert advance(old, ended, NOON + later, is_failing=True).alert.state == state
    assert look(child, "FAIL", ended).alert.state == "OPEN"


def test_an_alert_that_was_told_before_it_was_explained_is_closed_outside_as_well() -> None:
    hushed = look(an_alert("OPEN"), "FAIL", EXPLAINED)
    assert look(hushed.alert, "PASS", ERROR, NOON + 3 * MINUTE).told == "resolve"
    assert look(hushed.alert, "FAIL", ERROR, NOON + 3 * MINUTE).told == "update", "outside it is still open"


def test_what_somebody_resolved_by_their_word_opens_again_with_the_next_failing_look() -> None:
    closed = lifecycle.resolve(an_alert("OPEN"), NOON + MINUTE, by="ana", why="looks fine")
    assert (closed.alert.state, closed.told) == ("RESOLVED", "resolve")
    same_evidence = observe(closed.alert, finding("FAIL", at=NOON), NOON + 2 * MINUTE)
    again = advance(same_evidence, ERROR, NOON + 2 * MINUTE, is_failing=True)
    assert (again.alert.state, again.told) == ("REOPENED", "open")


def test_an_alert_that_comes_and_goes_is_told_so_once_and_then_when_it_stays_well() -> None:
    alert, told = an_alert("OPEN"), []
    for minute in range(1, 21):  # PASS at odd minutes, FAIL at even ones: ten re-openings
        move = look(alert, "PASS" if minute % 2 else "FAIL", ERROR, NOON + minute * MINUTE)
        alert = move.alert
        if move.told:
            told.append((minute, move.told))
    # Re-opened at minutes 2, 4 and 6, the third of which is told as coming and going.
    assert told == [(1, "resolve"), (2, "open"), (3, "resolve"), (4, "open"), (5, "resolve"), (6, "open")]
    alert = look(alert, "PASS", ERROR, NOON + 21 * MINUTE).alert
    assert (alert.state, alert.is_told) == ("RESOLVED", True)
    # The third last re-opening was at minute 16; a day after it there are fewer than three.
    assert look(alert, None, ERROR, NOON + DAY + 15 * MINUTE).told is None
    well = look(alert, None, ERROR, NOON + DAY + 16 * MINUTE)
    assert (well.told, well.alert.is_told, well.alert.is_flapping) == ("resolve", False, False)


def test_what_fails_again_after_the_window_is_another_alert() -> None:
    resolved = an_alert("RESOLVED")  # a minute after noon
    assert not lifecycle.is_over(resolved, NOON + MINUTE + DAY)
    assert lifecycle.is_over(resolved, NOON + 2 * MINUTE + DAY)
    assert lifecycle.is_over(an_alert("DROPPED"), NOON)
    assert not any(lifecycle.is_over(an_alert(state), NOON + 100 * DAY) for state in AT_WORK)
