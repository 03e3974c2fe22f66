"""Values: bad rows are told by kind and column when they are more than usual, and once for what never came before."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pipelines.freshness.detectors.values import (
    broken_lines,
    impossible,
    key_reused,
    own_rows,
    test_rows,
    unknown_code,
    unreadable_values,
)
from tests.pipelines.freshness.contents_factory import a_breach, contents, told
from tests.pipelines.freshness.history_factory import CATALOG, NOON, a_batch, a_history

test_rows.__test__ = False  # type: ignore[attr-defined]  # a detector
DETECTORS = (broken_lines, impossible, key_reused, own_rows, test_rows, unknown_code, unreadable_values)


def test_without_a_batch_nothing_passes() -> None:
    for detector in DETECTORS:
        assert [found.verdict for found in detector(a_history())] == ["UNKNOWN"]


def test_a_column_that_cannot_be_read_is_told_and_the_others_pass() -> None:
    few, many = a_breach("unreadable", 8, columns="ordered_at"), a_breach("unreadable", 400, columns="total_amount")
    history = contents([1000] * 5, {place: [few] for place in range(5)} | {4: [few, many]})
    found = {one.segment: one for one in unreadable_values(history)}
    assert {segment: one.verdict for segment, one in found.items()} == {"total_amount": "FAIL", "": "PASS"}
    assert found["total_amount"].rows == 400
    assert found["total_amount"].onset == found["total_amount"].evidence_at == NOON


def test_the_first_unreadable_value_of_a_column_is_a_warning() -> None:
    history = contents([1000] * 5, {4: [a_breach("unreadable", 1, columns="ordered_at")]})
    assert told(unreadable_values(history)) == {"ordered_at": "WARN"}


def test_test_rows_in_number_are_told() -> None:
    assert told(test_rows(contents([100] * 4, {3: [a_breach("test_row", 30)]}))) == {"": "FAIL"}
    assert told(test_rows(contents([100] * 4))) == {}


def test_a_key_that_names_another_thing_is_told_by_five_rows() -> None:
    assert told(key_reused(contents([100] * 30, {29: [a_breach("key_reused", 5)]}))) == {"": "FAIL"}
    assert told(key_reused(contents([100] * 30, {29: [a_breach("key_reused", 2)]}))) == {"": "WARN"}


def test_keys_that_change_back_after_they_came_in_another_form_are_no_other_things() -> None:
    letters, none = {"order_id": {"wordless": 0, "digitless": 0}}, {"order_id": {"wordless": 30, "digitless": 0}}
    parcels = CATALOG["carrier.shipments"]
    back = {21: [a_breach("key_reused", 30)]}
    history = contents([30] * 22, back, {20: letters}, usual=none, contract=parcels)
    assert [one.verdict for one in key_reused(history)] == ["UNKNOWN"]
    assert told(key_reused(contents([30] * 22, back, usual=none, contract=parcels))) == {"": "FAIL"}


def test_reuse_of_keys_is_unknown_where_no_column_is_immutable() -> None:
    history = contents([100] * 3, contract=CATALOG["shop.employees"])
    assert [one.verdict for one in key_reused(history)] == ["UNKNOWN"]


def test_own_rows_are_unknown_until_the_contract_knows_them() -> None:
    contract = CATALOG["shop.payments"]
    history = contents([100] * 3, {2: [a_breach("own_row", 50)]}, contract=contract)
    assert [one.verdict for one in own_rows(history)] == ["UNKNOWN"]
    knows = contract.model_copy(update={"watch": contract.watch.model_copy(update={"own_rows": "channel = 'ours'"})})
    assert told(own_rows(replace(history, contract=knows))) == {"": "FAIL"}


def test_rules_between_columns_are_told_and_rules_of_form_are_not() -> None:
    breaches = [
        a_breach("rule", 60, rule="delivered_before_shipped", columns="delivered_at, shipped_at"),
        a_breach("rule", 60, rule="phone_form", columns="phone"),
        a_breach("rule", 60, rule="amount_missing", columns="amount"),
    ]
    assert told(impossible(contents([100] * 3, {2: breaches}))) == {"delivered_before_shipped": "FAIL"}


def test_lines_that_cannot_be_read_are_told_even_when_they_are_all_of_a_file() -> None:
    good = [a_batch(place, NOON - timedelta(days=5 - place), 100) for place in range(1, 5)]
    broken = a_batch(5, NOON, 0, reject_count=100)
    assert told(broken_lines(a_history([], [*good, broken]))) == {"": "FAIL"}
    assert told(broken_lines(a_history([], good))) == {}


def test_two_lines_are_enough_where_they_are_all_of_a_file_and_one_is_not() -> None:
    good = [a_batch(place, NOON - timedelta(days=5 - place), 3) for place in range(1, 5)]
    assert told(broken_lines(a_history([], [*good, a_batch(5, NOON, 0, reject_count=2)]))) == {"": "FAIL"}
    assert told(broken_lines(a_history([], [*good, a_batch(5, NOON, 0, reject_count=1)]))) == {"": "WARN"}
    assert told(broken_lines(a_history([], [*good, a_batch(5, NOON, 1, reject_count=2)]))) == {"": "WARN"}


def test_a_code_that_comes_always_is_dirt() -> None:
    always = {place: [a_breach("unknown_code", 6, columns="status", code="c1")] for place in range(10)}
    assert told(unknown_code(contents([1000] * 10, always))) == {}


def test_five_rows_with_a_code_that_never_came_are_told_until_it_stays_away_for_a_day() -> None:
    always = {place: [a_breach("unknown_code", 6, columns="status", code="c1")] for place in range(10)}
    new = a_breach("unknown_code", 5, columns="status", code="c2")
    hourly = timedelta(hours=1)
    seen = contents([1000] * 10, always | {9: [*always[9], new]}, every=hourly)
    (found,) = [one for one in unknown_code(seen) if one.segment == "status"]
    assert (found.verdict, found.rows, found.onset) == ("FAIL", 5, NOON)
    hours_later = contents([1000] * 33, always | {9: [*always[9], new]}, every=hourly)
    assert told(unknown_code(hours_later)) == {"status": "FAIL"}  # 23 hours
    a_day_later = contents([1000] * 34, always | {9: [*always[9], new]}, every=hourly)
    assert told(unknown_code(a_day_later)) == {}


def test_four_rows_with_a_new_code_are_a_slip() -> None:
    always = {place: [a_breach("unknown_code", 6, columns="status", code="c1")] for place in range(10)}
    new = a_breach("unknown_code", 4, columns="status", code="c2")
    assert told(unknown_code(contents([1000] * 10, always | {9: [*always[9], new]}))) == {}


def test_unknown_codes_of_the_first_batch_are_no_news() -> None:
    first = [a_breach("unknown_code", 6, columns="status", code="c1")]
    assert told(unknown_code(contents([1000, 1000], {0: first}, every=timedelta(hours=1)))) == {}


def test_a_rare_code_is_no_news_although_the_batches_that_first_had_it_are_past_looking_at() -> None:
    rare = a_breach("unknown_code", 5, columns="status", code="c1")
    seen = contents([1000] * 10, {9: [rare]})
    assert told(unknown_code(replace(seen, codes_since={("status", "c1"): NOON - timedelta(days=200)}))) == {
        "status": "WARN"
    }
    assert told(unknown_code(replace(seen, codes_since={("status", "c1"): NOON}))) == {"status": "FAIL"}
    assert told(unknown_code(replace(seen, codes_since={("status", "c2"): NOON - timedelta(days=200)}))) == {
        "status": "FAIL"
    }
