"""Judge the rows of one cast batch: Great Expectations decides and writes the SQL, DuckDB finds the rows.

Belongs here: proving that every row Great Expectations counted was found. Does not belong here: what the rules are
(`suites.py`), how Great Expectations is asked (`judging.py`), pages about its results (`docs.py`), and what happens to
a row that fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow as pa

from expectations import docs
from expectations.judging import CHECKED, ROW, SAMPLE_SIZE, run_suite
from expectations.suites import EntityFacts, Rule, Severity, rules_for

FAILURE_SCHEMA = pa.schema(
    [
        ("row_number", pa.int64()),
        ("rule", pa.string()),
        ("severity", pa.string()),
        ("reason", pa.string()),
        ("column", pa.string()),
    ]
)
TELL_ROWS_LISTED = 10_000  # per rule; rows of a stop rule are always listed in full
_SHOWN_CHARACTERS = 60


class ValidationTrouble(RuntimeError):
    """A rule could not be judged, or the rows found are not the rows counted: nothing may be staged on such results."""


@dataclass(frozen=True)
class RuleResult:
    """The verdict of one rule on one batch. UNKNOWN: no row had a value to look at, which is not the same as passed.

    `checked` counts the rows that the rule looked at; `sample` shows failing values, personal data as their length.
    """

    rule: str
    column: str
    severity: Severity
    verdict: Literal["PASS", "FAIL", "UNKNOWN"]
    checked: int
    failed: int
    sample: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Validation:
    """Results by rule, and the failing rows: one row per row_number and rule, of FAILURE_SCHEMA."""

    results: tuple[RuleResult, ...]
    failures: pa.Table


def validate(
    scratch: Path,
    facts: EntityFacts,
    *,
    feed: str,
    batch_id: str,
    now: datetime,
    future_limit: timedelta = timedelta(minutes=5),
    docs_folder: Path | None = None,
) -> Validation:
    """Judge the rows in view `checked` of a scratch file by the entity's rules.

    Great Expectations is imported only when there is a row. `docs_folder` None writes no page. The scratch file is
    closed again on return.

    Raises:
        SuiteTrouble: a suite file is wrong.
        ValidationTrouble: a rule could not be run, or its rows are not those that Great Expectations counted.
    """
    rules = rules_for(facts, now=now, future_limit=future_limit)
    # One connection throughout: opening a DuckDB takes longer than most of its queries on a small batch.
    with _attached(scratch) as connection:
        rows = _count(connection, f"SELECT * FROM {CHECKED}")
        if rows == 0 or not rules:
            return Validation(tuple(_unknown(rule) for rule in rules), FAILURE_SCHEMA.empty_table())
        judged = run_suite(scratch, facts.entity, rules)
        outcomes = {result.expectation_config.meta["rule"]: result for result in judged.results}
        connection.execute(
            "CREATE TEMP TABLE failure (row_number BIGINT, rule VARCHAR, severity VARCHAR, reason VARCHAR, "
            '"column" VARCHAR, shown VARCHAR)'
        )
        results = tuple(_verdict(connection, rule, outcomes.get(rule.name), facts) for rule in rules)
        failures: pa.Table = connection.sql(
            'SELECT row_number, rule, severity, reason, "column" FROM temp.failure ORDER BY row_number, rule'
        ).to_arrow_table()
    if docs_folder is not None:
        summary = docs.PageSummary(
            feed=feed,
            entity=facts.entity,
            batch_id=batch_id,
            judged_at=now,
            rows=rows,
            stop_rules_failed=_failed(results, "stop"),
            tell_rules_failed=_failed(results, "tell"),
        )
        docs.write_page(docs_folder, summary, judged, masked=facts.masked)
    return Validation(results, failures.cast(FAILURE_SCHEMA))


def _verdict(connection: duckdb.DuckDBPyConnection, rule: Rule, outcome: Any, facts: EntityFacts) -> RuleResult:
    found = _outcome(rule, outcome)
    failed, checked = int(found["unexpected_count"]), int(found["element_count"]) - int(found.get("missing_count") or 0)
    sample: tuple[str, ...] = ()
    if failed:
        query = str(found["unexpected_index_query"]).strip().rstrip(";")
        _list_rows(connection, rule, query, failed, facts)
        shown = connection.execute(
            "SELECT shown FROM temp.failure WHERE rule = ? AND shown IS NOT NULL GROUP BY shown "
            f"ORDER BY min(row_number) LIMIT {SAMPLE_SIZE}",
            [rule.name],
        ).fetchall()
        sample = tuple(row[0] for row in shown)
    verdict: Literal["PASS", "FAIL", "UNKNOWN"] = "FAIL" if failed else "PASS" if checked else "UNKNOWN"
    return RuleResult(rule.name, ", ".join(rule.columns), rule.severity, verdict, checked, failed, sample, rule.reason)


def _outcome(rule: Rule, outcome: Any) -> Mapping[str, Any]:
    """The result's figures, or ValidationTrouble when Great Expectations did not get that far."""
    if outcome is None:
        raise ValidationTrouble(f"rule '{rule.name}': Great Expectations gave no result. Check its type and columns.")
    info = outcome.exception_info or {}
    errors = [info] if "raised_exception" in info else list(info.values())
    raised = [str(error["exception_message"]) for error in errors if error.get("raised_exception")]
    if raised:
        raise ValidationTrouble(f"rule '{rule.name}' could not be run: {raised[0][:300]}. Correct the rule.")
    found: Mapping[str, Any] = outcome.result
    if found.get("unexpected_count") is None or (found["unexpected_count"] and not found.get("unexpected_index_query")):
        raise ValidationTrouble(
            f"rule '{rule.name}' ({rule.expectation}) does not say which rows fail. Use an expectation about column "
            "values or pairs of columns."
        )
    return found


def _list_rows(connection: duckdb.DuckDBPyConnection, rule: Rule, query: str, counted: int, facts: EntityFacts) -> None:
    try:
        rows = _count(connection, query)
    except duckdb.Error as error:
        raise ValidationTrouble(
            f"rule '{rule.name}': DuckDB cannot run the query that finds its rows: {str(error).splitlines()[0]} Use an "
            "expectation about column values or pairs of columns."
        ) from error
    if rows != counted:
        raise ValidationTrouble(
            f"rule '{rule.name}': Great Expectations counted {counted} failing rows, its own query finds {rows}. "
            "Nothing is staged on such a result: check the rule against this version of Great Expectations."
        )
    shown = " || ', ' || ".join(_shown(column, column in facts.masked) for column in rule.columns)
    limit = "" if rule.severity == "stop" else f" LIMIT {TELL_ROWS_LISTED}"
    connection.execute(
        f"INSERT INTO temp.failure SELECT {ROW}, $rule, $severity, $reason || coalesce(': ' || shown, ''), $columns, "
        f"shown FROM (SELECT *, {shown} AS shown FROM ({query})) ORDER BY {ROW}{limit}",
        {
            "rule": rule.name,
            "severity": rule.severity,
            "reason": rule.reason,
            "columns": ", ".join(rule.columns),
        },
    )


def _shown(column: str, is_masked: bool) -> str:
    value = f'CAST("{column}" AS VARCHAR)'
    if is_masked:
        return f"'<' || length({value}) || ' characters>'"
    cut = f"CASE WHEN length({value}) > {_SHOWN_CHARACTERS} THEN '…' ELSE '' END"
    return f"'''' || left({value}, {_SHOWN_CHARACTERS}) || {cut} || ''''"


@contextmanager
def _attached(scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory DuckDB whose current database is the scratch file, read-only: generated SQL names no catalog."""
    connection = duckdb.connect()
    try:
        connection.execute("SET TimeZone = 'UTC'")
        path = str(scratch.resolve()).replace("'", "''")
        connection.execute(f"ATTACH '{path}' AS scratch (READ_ONLY)")
        connection.execute("USE scratch")
        yield connection
    finally:
        connection.close()


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    ((rows,),) = connection.execute(f"SELECT count(*) FROM ({query})").fetchall()
    return int(rows)


def _unknown(rule: Rule) -> RuleResult:
    return RuleResult(rule.name, ", ".join(rule.columns), rule.severity, "UNKNOWN", 0, 0, (), rule.reason)


def _failed(results: Sequence[RuleResult], severity: Severity) -> int:
    return sum(result.verdict == "FAIL" and result.severity == severity for result in results)
