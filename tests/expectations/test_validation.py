from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from expectations import validation
from expectations.suites import EntityFacts, Rule
from expectations.validation import ValidationTrouble, run_suite, validate

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TYPES = {
    "order_id": "VARCHAR",
    "status": "VARCHAR",
    "email": "VARCHAR",
    "amount": "DECIMAL(18,2)",
    "ordered_at": "TIMESTAMP",
    "updated_at": "TIMESTAMP",
    "born": "DATE",
    "shipped_at": "TIMESTAMP",
}
FACTS = EntityFacts(
    "parcels_of_no_suite",
    TYPES,
    key=("order_id",),
    required=("order_id", "ordered_at"),
    enums={"status": ("paid", "placed")},
    event_time="ordered_at",
    masked=frozenset({"email", "born"}),
)
GOOD = "'a', 'paid', 'a@x.org', 1.00, '2026-01-01', '2026-01-02', '1980-05-17', '2026-01-03'"
EMAIL = Rule(
    "email_form",
    "expect_column_values_to_match_regex",
    {"column": "email", "regex": "^[^@]+@[^@]+$"},
    "tell",
    "no address",
)


def scratch_of(folder: Path, *rows: str, also: str = "") -> Path:
    """A scratch file as casting leaves it, from rows of SQL values; columns in the order of TYPES."""
    path = folder / "scratch.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        columns = ", ".join(f"{name} {kind}" for name, kind in TYPES.items())
        connection.execute(f"CREATE TABLE batch (row_number BIGINT, {columns})")
        for number, row in enumerate(rows, start=1):
            connection.execute(f"INSERT INTO batch VALUES ({number}, {row})")
        connection.execute(also or "SELECT 1")
        connection.execute("CREATE VIEW checked AS FROM batch")
    return path


def judge(scratch: Path, facts: EntityFacts = FACTS, **more):
    return validate(scratch, facts, feed="shop.orders", batch_id="b1", now=NOW, **more)


def test_every_rule_finds_its_rows_and_no_others(tmp_path):
    scratch = scratch_of(
        tmp_path,
        GOOD,
        "NULL, 'paid', 'a@x.org', 1.00, '2026-01-01', '2026-01-02', '1980-05-17', NULL",
        "'c', 'payd', 'a@x.org', 1.00, '2026-01-01', '2026-01-02', '1980-05-17', NULL",
        "'d', 'paid', NULL, 2e12, '2026-01-01', '2026-01-02', '1980-05-17', NULL",
        "'e', 'paid', NULL, 1.00, '2026-11-22 12:05:01', '2026-11-22 12:05:00', NULL, NULL",
        "'f', NULL, NULL, NULL, '1970-01-01', '2026-11-22 12:05:01', '1899-12-31', '2100-01-01'",
        "'g', 'placed', NULL, NULL, NULL, NULL, '2099-12-31', '0001-01-01'",
    )
    found = judge(scratch)
    assert {(row["row_number"], row["rule"]) for row in found.failures.to_pylist()} == {
        (2, "order_id_missing"),
        (3, "status_unknown"),
        (4, "amount_impossible"),
        (5, "ordered_at_future"),
        (6, "ordered_at_sentinel"),
        (6, "updated_at_future"),
        (6, "born_range"),
        (6, "shipped_at_range"),
        (7, "ordered_at_missing"),
        (7, "shipped_at_range"),
    }
    results = {result.rule: result for result in found.results}
    unknown = results["status_unknown"]
    assert (unknown.verdict, unknown.checked, unknown.failed, unknown.sample) == ("FAIL", 6, 1, ("'payd'",))
    assert results["updated_at_range"].verdict == "PASS"
    reasons = {(row["row_number"], row["rule"]): row["reason"] for row in found.failures.to_pylist()}
    assert reasons[3, "status_unknown"] == "status is not one of paid, placed: 'payd'"
    assert reasons[2, "order_id_missing"] == "order_id is missing"
    assert reasons[6, "born_range"] == "born is before 1900 or after 2099: <10 characters>"
    assert results["born_range"].sample == ("<10 characters>",)


def test_a_batch_without_rows_is_unknown_and_does_not_import_great_expectations(tmp_path):
    scratch = scratch_of(tmp_path)
    code = (
        "import sys, pathlib, datetime; from expectations.validation import validate;"
        "from expectations.suites import EntityFacts; now = datetime.datetime.now(datetime.UTC);"
        "f = EntityFacts('x', {'order_id': 'VARCHAR'}, ('order_id',));"
        f"r = validate(pathlib.Path({str(scratch)!r}), f, feed='a.b', batch_id='b', now=now);"
        "assert [x.verdict for x in r.results] == ['UNKNOWN'] and r.failures.num_rows == 0;"
        "sys.exit('great_expectations' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_column_without_any_value_is_unknown_not_passed(tmp_path):
    found = judge(scratch_of(tmp_path, "'a', NULL, NULL, NULL, '2026-01-01', NULL, NULL, NULL"))
    verdicts = {result.rule: (result.verdict, result.checked) for result in found.results}
    assert verdicts["status_unknown"] == ("UNKNOWN", 0)
    assert verdicts["ordered_at_range"] == ("PASS", 1)


def test_the_suite_of_an_entity_finds_pairs_in_the_wrong_order(tmp_path):
    types = {"ticket_id": "VARCHAR", "opened_at": "TIMESTAMP", "first_reply_at": "TIMESTAMP", "solved_at": "TIMESTAMP",
             "email": "VARCHAR", "phone": "VARCHAR"}  # fmt: skip
    facts = EntityFacts("tickets", types, ("ticket_id",), event_time="opened_at", masked=frozenset({"email", "phone"}))
    path = tmp_path / "s.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE checked AS SELECT * FROM (VALUES "
            "(1::BIGINT, 'a', TIMESTAMP '2026-01-02', TIMESTAMP '2026-01-01', NULL::TIMESTAMP, 'a@x.org', "
            "'+49 30 1234567'), "
            "(2, 'b', TIMESTAMP '2026-01-02', TIMESTAMP '2026-01-02', TIMESTAMP '2026-01-03', 'a at x', 'none')) "
            "t(row_number, ticket_id, opened_at, first_reply_at, solved_at, email, phone)"
        )
    found = {(row["row_number"], row["rule"]): row for row in judge(path, facts).failures.to_pylist()}
    assert set(found) == {(1, "replied_before_opened"), (2, "email_form"), (2, "phone_form")}
    assert {row["severity"] for row in found.values()} == {"tell"}
    assert found[1, "replied_before_opened"]["reason"] == (
        "the first reply is older than the ticket: '2026-01-01 00:00:00', '2026-01-02 00:00:00'"
    )
    assert found[2, "email_form"]["reason"] == "email has not the form of an address: <6 characters>"


def test_the_scratch_file_can_be_written_again_after_judging(tmp_path):
    scratch = scratch_of(tmp_path, GOOD)
    judge(scratch)
    with duckdb.connect(str(scratch)) as connection:
        connection.execute("CREATE TABLE more (x INTEGER)")


def test_tell_rows_are_listed_up_to_a_limit_and_counted_in_full(tmp_path, monkeypatch):
    monkeypatch.setattr(validation, "TELL_ROWS_LISTED", 10)
    monkeypatch.setattr(validation, "rules_for", lambda *_, **__: [EMAIL])
    also = "INSERT INTO batch (row_number, order_id, email) SELECT i + 2, 'x' || i, 'bad' || i FROM range(50) t(i)"
    found = judge(scratch_of(tmp_path, GOOD, also=also))
    assert found.results[0].failed == 50
    assert found.failures.column("row_number").to_pylist() == list(range(2, 12))


def test_rows_that_are_not_those_counted_stop_the_batch(tmp_path, monkeypatch):
    original = validation.run_suite

    def miscounting(*arguments):
        judged = original(*arguments)
        for result in judged.results:
            if result.result["unexpected_count"]:
                result.result["unexpected_count"] += 1
        return judged

    monkeypatch.setattr(validation, "run_suite", miscounting)
    with pytest.raises(
        ValidationTrouble, match="'status_unknown': Great Expectations counted 2 failing rows, its own query finds 1"
    ):
        judge(scratch_of(tmp_path, GOOD.replace("paid", "payd")))


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (
            Rule("r", "expect_column_values_to_be_in_set", {"column": "nosuch", "value_set": ["a"]}, "stop", "r"),
            "could not be run",
        ),
        (
            Rule("r", "expect_column_mean_to_be_between", {"column": "amount", "min_value": 99}, "stop", "r"),
            "does not say which rows",
        ),
    ],
)
def test_a_rule_that_cannot_judge_rows_stops_the_batch(tmp_path, monkeypatch, rule, said):
    monkeypatch.setattr(validation, "rules_for", lambda *_, **__: [rule])
    with pytest.raises(ValidationTrouble, match=said):
        judge(scratch_of(tmp_path, GOOD))


# What follows holds Great Expectations itself to the behaviour that validation.py builds on.


def outcome(scratch: Path, rule: Rule):
    (result,) = run_suite(scratch, "trap", [rule]).results
    return result


def bad_statuses(folder: Path, count: int) -> Path:
    return scratch_of(
        folder,
        also=f"INSERT INTO batch (row_number, order_id, status) SELECT i, 'x' || i, 'payd' FROM range({count}) t(i)",
    )


def in_set(**kwargs) -> Rule:
    return Rule(
        "r", "expect_column_values_to_be_in_set", {"column": "status", "value_set": ["paid"], **kwargs}, "stop", "r"
    )


def test_trap_lists_of_failing_rows_are_cut_but_the_query_finds_them_all(tmp_path):
    scratch = bad_statuses(tmp_path, 1250)
    found = outcome(scratch, in_set()).result
    assert found["unexpected_count"] == 1250
    assert len(found["unexpected_index_list"]) == validation.SAMPLE_SIZE
    with duckdb.connect(str(scratch), read_only=True) as connection:
        assert len(connection.execute(found["unexpected_index_query"]).fetchall()) == 1250


def test_trap_mostly_calls_a_rule_passed_while_bad_rows_are_present(tmp_path):
    scratch = bad_statuses(tmp_path, 1)
    with duckdb.connect(str(scratch)) as connection:
        connection.execute("INSERT INTO batch (row_number, status) SELECT i, 'paid' FROM range(1, 100) t(i)")
    result = outcome(scratch, in_set(mostly=0.9))
    assert result.success is True
    assert result.result["unexpected_count"] == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_trap_the_query_ignores_a_row_condition(tmp_path):
    scratch = bad_statuses(tmp_path, 10)
    found = outcome(
        scratch, in_set(row_condition='col("row_number") < 3', condition_parser="great_expectations")
    ).result
    assert found["unexpected_count"] == 3
    with duckdb.connect(str(scratch), read_only=True) as connection:
        assert len(connection.execute(found["unexpected_index_query"]).fetchall()) == 10


def test_trap_the_query_of_uniqueness_over_several_columns_cannot_be_run(tmp_path, monkeypatch):
    rule = Rule("r", "expect_compound_columns_to_be_unique", {"column_list": ["order_id", "status"]}, "stop", "r")
    monkeypatch.setattr(validation, "rules_for", lambda *_, **__: [rule])
    with pytest.raises(ValidationTrouble, match="DuckDB cannot run the query that finds its rows"):
        judge(scratch_of(tmp_path, GOOD, GOOD, GOOD.replace("'a'", "'b'")))


def test_trap_regular_expressions_match_anywhere_and_treat_case_as_written(tmp_path):
    rows = [GOOD.replace("a@x.org", text) for text in ("see a@x", "A@x", "b@x")]
    rule = Rule("r", "expect_column_values_to_match_regex", {"column": "email", "regex": "a@"}, "tell", "r")
    result = outcome(scratch_of(tmp_path, *rows), rule).result
    assert [found["row_number"] for found in result["unexpected_index_list"]] == [2, 3]


def test_trap_moments_are_compared_as_moments_and_to_the_microsecond(tmp_path):
    rows = [
        GOOD.replace("'2026-01-01'", f"'{at}'")
        for at in ("2026-11-22 12:05:00", "2026-11-22 12:05:00.000001", "2026-02-01")
    ]
    found = judge(scratch_of(tmp_path, *rows), future_limit=timedelta(minutes=5))
    assert [row["row_number"] for row in found.failures.to_pylist()] == [2]
