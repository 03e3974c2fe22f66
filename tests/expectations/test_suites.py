from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from connectors.entities import load_entities
from expectations import suites
from expectations.suites import SUITE_FOLDER, EntityFacts, SuiteTrouble, load_suite, rules_for

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SKEW = timedelta(minutes=5)


def facts_of(entity: str, **changes) -> EntityFacts:
    declared = load_entities()[entity]
    known = {
        "entity": entity,
        "types": {name: column.type for name, column in declared.columns.items()},
        "key": declared.key,
        "required": tuple(declared.required_columns()),
        "enums": declared.enumerations(),
        "event_time": declared.event_time,
    }
    return EntityFacts(**(known | changes))


def write_suite(folder, monkeypatch, *expectations):
    (folder / "orders.json").write_text(json.dumps({"name": "orders", "expectations": list(expectations)}))
    monkeypatch.setattr(suites.load_suite, "__defaults__", (folder,))


def not_null(column: str, **meta):
    return {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": column}, "meta": meta}


def test_every_entity_has_a_suite_and_every_suite_an_entity():
    assert {path.stem for path in SUITE_FOLDER.glob("*.json")} == set(load_entities())


@pytest.mark.parametrize("entity", sorted(load_entities()))
def test_the_rules_of_every_entity_fit_its_columns_and_have_names_of_their_own(entity):
    rules = rules_for(facts_of(entity), now=NOW, future_limit=SKEW)
    assert len({rule.name for rule in rules}) == len(rules)
    assert all(rule.columns and rule.name.isidentifier() for rule in rules)
    assert {f"{column}_missing" for column in load_entities()[entity].required_columns()} <= {r.name for r in rules}


def test_rules_that_follow_from_the_schema_are_derived():
    facts = EntityFacts(
        "parcels",
        {"id": "VARCHAR", "state": "VARCHAR", "sent_at": "TIMESTAMP", "updated_at": "TIMESTAMP",
         "fee": "DECIMAL(18,2)", "score": "DECIMAL(5,2)"},
        key=("id",),
        required=("id", "state"),
        enums={"state": ("sent", "lost")},
        event_time="sent_at",
    )  # fmt: skip
    rules = {rule.name: rule for rule in rules_for(facts, now=NOW, future_limit=SKEW)}
    assert set(rules) == {
        "id_missing", "state_missing", "state_unknown", "sent_at_range", "sent_at_future", "sent_at_sentinel",
        "updated_at_range", "updated_at_future", "fee_impossible",
    }  # fmt: skip
    assert {rule.severity for rule in rules.values()} == {"stop"}
    assert rules["sent_at_future"].kwargs["max_value"] == "2026-11-22 12:05:00"
    assert rules["state_unknown"].reason == "state is not one of sent, lost"


def test_rules_about_columns_that_the_feed_does_not_fill_are_left_out():
    rules = rules_for(facts_of("orders", mapped=frozenset({"order_id", "ordered_at"})), now=NOW, future_limit=SKEW)
    assert {column for rule in rules for column in rule.columns} == {"order_id", "ordered_at"}


def test_a_suite_file_may_speak_of_now(tmp_path, monkeypatch):
    rule = {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "ordered_at", "max_value": "{now}"},
        "meta": {"rule": "ordered_late", "severity": "tell", "reason": "too late"},
    }
    write_suite(tmp_path, monkeypatch, rule)
    found = [rule for rule in rules_for(facts_of("orders"), now=NOW, future_limit=SKEW) if rule.name == "ordered_late"]
    assert found[0].kwargs["max_value"] == "2026-11-22 12:00:00"


@pytest.mark.parametrize(
    ("expectation", "said"),
    [
        (not_null("amuont", rule="x", severity="stop", reason="r"), "names amuont, which entity orders does not have"),
        (not_null("order_id", rule="order_id_missing", severity="stop", reason="r"), "order_id_missing occurs twice"),
        (not_null("email", rule="x", severity="fatal", reason="r"), "Add a known severity"),
        (not_null("email", rule="x", severity="tell"), "Add reason"),
    ],
)
def test_a_wrong_suite_is_refused_with_file_rule_and_next_step(tmp_path, monkeypatch, expectation, said):
    write_suite(tmp_path, monkeypatch, expectation)
    with pytest.raises(SuiteTrouble, match=r"orders\.json") as trouble:
        rules_for(facts_of("orders"), now=NOW, future_limit=SKEW)
    assert said in str(trouble.value)


@pytest.mark.parametrize("argument", ["mostly", "row_condition"])
def test_arguments_that_hide_bad_rows_are_refused(tmp_path, argument):
    expectation = not_null("email", rule="x", severity="tell", reason="r")
    expectation["kwargs"][argument] = 0.9
    (tmp_path / "orders.json").write_text(json.dumps({"expectations": [expectation]}))
    with pytest.raises(SuiteTrouble, match=f"'x' uses {argument}"):
        load_suite("orders", tmp_path)


def test_reading_suites_imports_no_great_expectations():
    code = "import sys, expectations.validation, expectations.docs; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
