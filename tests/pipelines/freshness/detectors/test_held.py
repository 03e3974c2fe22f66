"""Held: full deliveries that would delete too much, and what nobody came back for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pipelines.freshness.detectors.held import quarantine_forgotten, shrunk
from tests.pipelines.freshness.detectors.evidence_factory import a_failed_run, ago, only
from tests.pipelines.freshness.history_factory import CATALOG, NOON, a_batch, a_history, a_run

PROFILES = CATALOG["bureau.profiles"]
DAY = timedelta(days=1)


def a_held_batch(seq: int, days: int):
    return a_batch(seq, NOON - days * DAY, state="held", held_reason="it would delete 900 of 1,000 rows")


def test_a_held_full_delivery_is_told_with_its_reason() -> None:
    history = a_history([a_run(ago(1))], [a_batch(1, ago(9)), a_held_batch(2, 0)], contract=PROFILES)
    found = only(shrunk(history))
    assert (found.verdict, found.onset) == ("FAIL", NOON)
    assert "900 of 1,000" in found.reason


def test_an_empty_full_delivery_is_told_until_one_with_rows_comes() -> None:
    before, emptied = a_batch(1, ago(9)), a_failed_run(ago(2), "emptied", "HELD")
    assert only(shrunk(a_history([emptied], [before], contract=PROFILES))).verdict == "FAIL"
    again = a_history([emptied, a_run(ago(1))], [before], contract=PROFILES)
    assert only(shrunk(again)).verdict == "PASS"


def test_a_feed_of_changes_and_one_that_was_never_delivered_are_unknown() -> None:
    assert only(shrunk(a_history([a_run(ago(1))], [a_batch(1, ago(1))]))).verdict == "UNKNOWN"
    assert only(shrunk(a_history([a_run(ago(1))], contract=PROFILES))).verdict == "UNKNOWN"


def test_a_batch_that_is_held_for_more_than_two_days_is_forgotten() -> None:
    assert only(quarantine_forgotten(a_history([], [a_held_batch(1, 3)]))).verdict == "FAIL"
    fresh = replace(a_history([], [a_held_batch(1, 2)]), counted_at=NOON)
    assert only(quarantine_forgotten(fresh)).verdict == "PASS"


def test_rows_that_are_held_for_more_than_a_month_are_a_warning() -> None:
    counted = replace(a_history(), held_rows=4, counted_at=NOON, held_since=NOON - 30 * DAY)
    assert only(quarantine_forgotten(counted)).verdict == "PASS"
    older = replace(counted, held_since=NOON - 30 * DAY - timedelta(seconds=1))
    assert only(quarantine_forgotten(older)).verdict == "WARN"
    assert only(quarantine_forgotten(a_history())).verdict == "UNKNOWN"
