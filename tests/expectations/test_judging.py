"""What is asked of Great Expectations' parts, held against its own walk through the same suite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.judging import _ENGINE, great_expectations, run_suite
from expectations.suites import Rule

FIGURES = ("element_count", "missing_count", "unexpected_count")


def rule(name: str, expectation: str, **kwargs: object) -> Rule:
    return Rule(name, f"expect_column_{expectation}", kwargs, "stop", name)


RULES = [
    rule("code_missing", "values_to_not_be_null", column="code"),
    rule("code_unknown", "values_to_be_in_set", column="code", value_set=["a", "b"]),
    rule("code_known", "values_to_be_in_set", column="code", value_set=["a", "b", "c"]),
    rule("amount_range", "values_to_be_between", column="amount", min_value=0, max_value=10),
    rule("nothing_range", "values_to_be_between", column="nothing", min_value=0),
    rule(
        "order", "pair_values_a_to_be_greater_than_b", column_A="amount", column_B="least",
        ignore_row_if="either_value_is_missing",
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("judging") / "scratch.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            """CREATE TABLE checked AS SELECT row_number::BIGINT AS row_number, code, amount::INT AS amount,
                 least::INT AS least, NULL::INT AS nothing
               FROM (VALUES (1, 'a', 1, 0), (2, 'b', 11, 12), (3, NULL, -1, NULL), (4, 'c', NULL, 3), (5, 'c', 5, 9))
                 AS t(row_number, code, amount, least)"""
        )
    return path


def figures(judged: Any) -> dict[str, tuple[Any, ...]]:
    return {
        result.expectation_config.meta["rule"]: (result.success, *(result.result.get(figure) for figure in FIGURES))
        for result in judged.results
    }


@pytest.fixture(scope="module")
def own_walk(scratch: Path) -> Any:
    """Great Expectations' own result of the same rules, with its context, data source and suite."""
    gx = great_expectations()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_sql(name="scratch", connection_string=f"duckdb:///{scratch}", kwargs=_ENGINE)
    batch = source.add_table_asset("checked", table_name="checked").add_batch_definition_whole_table("batch")
    expectations = [
        {"type": rule.expectation, "kwargs": dict(rule.kwargs), "meta": {"rule": rule.name}} for rule in RULES
    ]
    return batch.get_batch().validate(
        gx.ExpectationSuite(name="own", expectations=expectations),
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["row_number"]},
    )


def test_verdicts_and_counts_are_those_of_great_expectations_own_walk(scratch: Path, own_walk: Any) -> None:
    found = figures(run_suite(scratch, "ours", RULES))
    assert found == figures(own_walk)
    # Success, rows, rows left out and rows that fail, by hand.
    assert found == {
        "code_missing": (False, 5, None, 1),
        "code_unknown": (False, 5, 1, 2),
        "code_known": (True, 5, 1, 0),
        "amount_range": (False, 5, 1, 2),
        "nothing_range": (True, 5, 5, 0),
        "order": (False, 5, 2, 2),
    }


def test_the_query_that_finds_the_rows_is_great_expectations_own(scratch: Path, own_walk: Any) -> None:
    own = {result.expectation_config.meta["rule"]: result.result for result in own_walk.results}
    for result in run_suite(scratch, "ours", RULES).results:
        if result.result["unexpected_count"]:
            name = result.expectation_config.meta["rule"]
            assert result.result["unexpected_index_query"] == own[name]["unexpected_index_query"]


def test_a_rule_that_cannot_be_run_says_why_and_the_others_are_judged(scratch: Path) -> None:
    wrong = rule("wrong", "values_to_be_in_set", column="nosuch", value_set=["a"])
    judged = run_suite(scratch, "ours", [wrong, RULES[1]])
    assert "nosuch" in judged.results[0].exception_info["exception_message"]
    assert judged.results[0].success is False
    assert judged.results[1].result["unexpected_count"] == 2
