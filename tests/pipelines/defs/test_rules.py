"""Asset checks from the results of rules, by hand-made results."""

from dataclasses import replace

import dagster as dg

from connectors.contract import FeedContract
from pipelines.defs.rules import check_name, rule_results, rule_specs
from pipelines.ingest import NOTHING, FeedOutcome
from pipelines.ledger.evidence import CheckRecord
from tests.pipelines.defs.deployment_factory import NOON, deployment


def contract(folder) -> FeedContract:
    return deployment(folder).catalog["shop.orders"]


def record(verdict: str, checked: int, failed: int, severity: str = "stop", rule: str = "total.odd") -> CheckRecord:
    return CheckRecord(rule, "total_amount", severity, verdict, checked, failed, "total is odd")


def results(folder, outcome: FeedOutcome) -> dict[str, dg.AssetCheckResult]:
    names = {check_name(check.check_name) for check in outcome.checks} | {"nothing_lost"}
    key = dg.AssetKey(["staging", "shop_orders"])
    found = rule_results(contract(folder), outcome, {dg.AssetCheckKey(key, name) for name in names})
    return {str(result.check_name): result for result in found}


def outcome(*checks: CheckRecord, **tally: int) -> FeedOutcome:
    return FeedOutcome("shop.orders", batch_ids=["b1"], checks=list(checks), tally=replace(NOTHING, **tally))


def test_every_rule_of_the_suite_is_a_check_and_so_is_that_nothing_is_lost(tmp_path):
    names = [spec.name for spec in rule_specs(contract(tmp_path), NOON)]
    assert {"order_id_missing", "ordered_at_missing", "ordered_at_future", "updated_at_future"} <= set(names)
    assert names[-1] == "nothing_lost"
    assert len(names) == len(set(names))


def test_a_rule_without_evidence_gives_no_result(tmp_path):
    assert "total_odd" not in results(tmp_path, outcome(record("UNKNOWN", 0, 0)))
    assert results(tmp_path, FeedOutcome("shop.orders")) == {}


def test_one_failing_batch_of_several_fails_the_rule_and_rows_are_added_up(tmp_path):
    found = results(tmp_path, outcome(record("PASS", 5, 0), record("UNKNOWN", 0, 0), record("FAIL", 7, 2)))["total_odd"]
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.ERROR
    assert found.description == "2 of 12 rows: total is odd"


def test_a_tell_rule_warns(tmp_path):
    found = results(tmp_path, outcome(record("WARN", 7, 2, severity="tell")))["total_odd"]
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.WARN


def test_a_row_that_is_accounted_for_nowhere_fails_nothing_lost(tmp_path):
    parts = {"rows_new": 1, "rows_changed": 2, "rows_unchanged": 3, "rows_quarantined": 4, "rows_duplicate": 5}
    assert results(tmp_path, outcome(rows_in=21, rows_refused=6, rows_deleted=9, **parts))["nothing_lost"].passed
    lost = results(tmp_path, outcome(rows_in=22, rows_refused=6, **parts))["nothing_lost"]
    assert not lost.passed
    assert lost.description == "1 of 22 rows are accounted for nowhere"


def test_only_selected_checks_give_results(tmp_path):
    made = outcome(record("PASS", 5, 0))
    assert list(rule_results(contract(tmp_path), made, set())) == []
