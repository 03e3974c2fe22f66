"""Processes: runs that hang, die or meet each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pipelines.freshness.detectors.processes import abandoned, concurrent_runs, hung
from pipelines.freshness.history import FeedHistory, Refusal
from tests.pipelines.freshness.detectors.evidence_factory import a_failed_run, ago, only
from tests.pipelines.freshness.history_factory import NOON, a_history, a_run


def at_work(minutes: int, beat_minutes: int) -> FeedHistory:
    """A run that was started so many minutes ago and renewed its lease so many minutes ago."""
    run = a_run(NOON - timedelta(minutes=minutes), "OPEN", ended_at=None)
    beat = NOON - timedelta(minutes=beat_minutes)
    return replace(a_history([run]), is_worked_on=True, heartbeat_at=beat)


def test_a_run_hangs_when_it_takes_longer_than_an_hour() -> None:
    assert only(hung(at_work(60, 0))).verdict == "UNKNOWN"
    found = only(hung(at_work(61, 0)))
    assert (found.verdict, found.onset) == ("FAIL", NOON - timedelta(minutes=1))


def test_a_run_that_got_on_last_a_quarter_of_an_hour_ago_may_hang() -> None:
    assert only(hung(at_work(40, 15))).verdict == "UNKNOWN"
    assert only(hung(at_work(40, 16))).verdict == "WARN"


def test_the_heartbeat_of_an_earlier_run_is_not_held_against_a_new_one() -> None:
    assert only(hung(at_work(5, 300))).verdict == "UNKNOWN"


def test_a_run_that_ended_does_not_hang_and_one_without_a_process_is_not_hung_but_dead() -> None:
    assert only(hung(a_history())).verdict == "UNKNOWN"
    assert only(hung(a_history([a_run(ago(1))]))).verdict == "PASS"
    dead = a_history([a_run(ago(9), "OPEN", ended_at=None)])
    assert only(hung(dead)).verdict == "UNKNOWN"
    assert only(abandoned(dead)).verdict == "FAIL"


def test_a_run_that_took_longer_than_an_hour_and_then_failed_has_hung_until_one_ends_well() -> None:
    failed = a_failed_run(ago(9), "unreachable")
    slow = replace(failed, ended_at=failed.started_at + timedelta(minutes=61))
    found = only(hung(a_history([slow])))
    assert (found.verdict, found.onset, found.evidence_at) == ("FAIL", ago(9) + timedelta(hours=1), slow.ended_at)
    assert only(hung(a_history([replace(slow, ended_at=slow.started_at + timedelta(minutes=60))]))).verdict == "PASS"
    assert only(hung(a_history([slow, a_run(ago(1))]))).verdict == "PASS"


def test_a_run_that_died_is_told_until_two_good_ones_came_after_it() -> None:
    died, good = a_run(ago(3), "ABANDONED"), [a_run(ago(2)), a_run(ago(1))]
    assert only(abandoned(a_history([a_run(ago(4)), died]))).onset == ago(3)
    assert only(abandoned(a_history([died, good[0]]))).verdict == "FAIL"
    found = only(abandoned(a_history([died, *good])))
    assert (found.verdict, found.evidence_at) == ("PASS", ago(1))


def test_a_run_that_is_under_way_or_failed_by_itself_has_not_died() -> None:
    assert only(abandoned(a_history())).verdict == "UNKNOWN"
    good = [a_run(ago(4)), a_run(ago(3))]
    assert only(abandoned(a_history([*good, a_failed_run(ago(2), "unreachable")]))).verdict == "PASS"
    open_run = replace(a_history([*good, a_run(ago(1), "OPEN", ended_at=None)]), is_worked_on=True)
    assert only(abandoned(open_run)).verdict == "PASS"


def test_a_run_that_was_turned_away_is_told_until_a_later_one_worked_alone() -> None:
    refusal = Refusal("held", "process 7 on box", ago(1) + timedelta(seconds=30))
    met = replace(a_history([a_run(ago(1))]), refusals=(refusal,))
    found = only(concurrent_runs(met))
    assert (found.verdict, found.evidence["turned_away"], found.evidence["lost_their_lease"]) == ("FAIL", 1, 0)
    later = replace(met, runs=(*met.runs, a_run(NOON)))
    assert only(concurrent_runs(later)).verdict == "PASS"
    assert only(concurrent_runs(a_history())).verdict == "UNKNOWN"
