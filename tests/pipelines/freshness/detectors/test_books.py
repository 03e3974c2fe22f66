"""Books: staging against the ledger's counts, and rules that change while something is wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pipelines.freshness.detectors.books import ledger_disagrees, rules_changed
from pipelines.ledger.links import StagedCount
from tests.pipelines.freshness.history_factory import NOON, a_history


def test_staging_that_was_never_counted_is_unknown() -> None:
    (found,) = ledger_disagrees(a_history())
    assert found.verdict == "UNKNOWN"


def test_a_row_that_the_ledger_did_not_count_is_told() -> None:
    (equal,) = ledger_disagrees(replace(a_history(), staged_count=StagedCount(100, 100, NOON)))
    (differs,) = ledger_disagrees(replace(a_history(), staged_count=StagedCount(99, 100, NOON)))
    assert (equal.verdict, differs.verdict, differs.rows) == ("PASS", "FAIL", 1)


def test_a_contract_that_changes_while_something_fails_is_told_for_a_day() -> None:
    changed = replace(a_history(), rules_since=NOON - timedelta(hours=23), failing_before_rules=("unknown_code",))
    (found,) = rules_changed(changed)
    assert found.verdict == "FAIL"
    assert "unknown_code" in found.reason
    (later,) = rules_changed(replace(changed, rules_since=NOON - timedelta(hours=25)))
    assert later.verdict == "PASS"


def test_a_contract_that_changes_while_all_is_well_passes_and_one_never_in_force_is_unknown() -> None:
    (quiet,) = rules_changed(replace(a_history(), rules_since=NOON - timedelta(hours=1)))
    (never,) = rules_changed(a_history())
    assert (quiet.verdict, never.verdict) == ("PASS", "UNKNOWN")
