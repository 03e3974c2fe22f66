"""A landed batch becomes a typed scratch table: every value is cast, or its row is named with the reason.

Belongs here: building the scratch file of one batch (tables `batch` and `cast_failure`, view `checked`). Does not
belong here: judging values (expectations), deciding what is staged (`staging.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import sqlglot
from sqlglot import exp

from pipelines.hashing import hash_sql
from warehouse import cast_sql
from warehouse.cast_sql import ColumnRule, literal, quoted
from warehouse.connection import open_scratch, remove_database
from warehouse.counting import number

_DELETED, _TEST, _OWN = "_is_deleted", "_is_test", "_is_own"
_CHANGED = "updated_at"
_SHOWN_EXPRESSION = 100


class CastTrouble(ValueError):
    """The mapping does not fit the landed table: names the column, the fact and the next step."""


@dataclass(frozen=True)
class _Plan:
    """One value of a row on its way from raw to typed; the column names are those of the nested selects."""

    rule: ColumnRule
    target: str
    raw_type: str
    position: int
    is_masked: bool

    def at(self, stage: str) -> str:
        """The column that holds this value at a stage."""
        return f"{stage}_{self.position}"

    def typed(self) -> str:
        """The typed value, over the columns of the last stage."""
        return cast_sql.typed(
            self.rule,
            self.target,
            raw=self.at("raw"),
            raw_type=self.raw_type,
            meaning_sql=self.at("meaning"),
            number=self.at("number"),
        )

    def is_failed(self) -> str:
        """True on a row whose value is present but could not be read."""
        unread = f"({self.at('meaning')} IS NOT NULL AND {self.at('typed')} IS NULL)"
        return f"({unread} OR {self.at('errored')})" if _is_guarded(self.rule) else unread

    def is_swapped(self) -> str:
        """True on a row whose value can be read once day and month change places."""
        return cast_sql.is_swapped(self.rule, meaning_sql=self.at("meaning"))

    def reason(self) -> str:
        """Why a failed value could not be read."""
        unread = cast_sql.failure(
            self.rule,
            self.target,
            meaning_sql=self.at("meaning"),
            number=self.at("number"),
            is_masked=self.is_masked,
        )
        if not _is_guarded(self.rule):
            return unread
        origin = self.rule.sql or f"{self.rule.column} -> {self.rule.json_path}"
        errored = f"{self.rule.name}: the expression {_shortened(origin)} fails on this row"
        return f"CASE WHEN {self.at('errored')} THEN {literal(errored)} ELSE {unread} END"


def cast_batch(
    landed: Path,
    scratch: Path,
    *,
    rules: Sequence[ColumnRule],
    types: Mapping[str, str],
    key: Sequence[str],
    masked: Collection[str] = (),
    deleted_when: str | None = None,
    test_when: str | None = None,
    own_when: str | None = None,
    only_rows: Sequence[int] | None = None,
) -> None:
    """Cast one landed Parquet file into a new scratch file; an older scratch file of that name is replaced.

    Table `batch`, one row per landed row: row_number, the entity's columns of `types` (unmapped ones NULL), _key,
    _is_deleted, _is_test, _is_own, _changed_at, _row_hash, _cast_failed. Table `cast_failure`, one row per value that
    could not be read; `is_swapped` where it can be once its day and month change places. View `checked`: the rows that
    expectations judge, which are neither tombstones nor test rows nor our own nor failed.
    `_changed_at` is the column updated_at. `masked` names columns whose values are not shown in reasons. A tombstone is
    held only when its key, time or flag cannot be read: other values that cannot be read stay NULL, so that a deletion
    always arrives.

    Raises:
        CastTrouble: a rule names a column that was not landed, an unknown type, or an expression DuckDB refuses.
    """
    remove_database(scratch)
    with open_scratch(scratch) as connection:
        source = _source_sql(landed, only_rows)
        landed_columns = _landed_columns(connection, landed)
        flags = [
            ColumnRule(name, sql=sql)
            for name, sql in ((_DELETED, deleted_when), (_TEST, test_when), (_OWN, own_when))
            if sql is not None
        ]
        targets = {**types, _DELETED: "BOOLEAN", _TEST: "BOOLEAN", _OWN: "BOOLEAN"}
        plans = _plans(connection, source, [*rules, *flags], targets, landed_columns, masked)
        values = _stages(source, plans, landed_columns)
        connection.execute(f"CREATE TABLE batch AS {_batch_sql(values, plans, types, key)}")
        connection.execute(_FAILURES)
        _record_failures(connection, values, plans)
        connection.execute(_CHECKED)


def row_hash_sql(columns: Collection[str]) -> str:
    """Fingerprint of a row's canonical values, whatever order the columns are declared in."""
    values = [quoted(name) for name in sorted(columns)]
    return hash_sql(values, [f"CAST({value} AS VARCHAR)" for value in values])


_FAILURES = """CREATE TABLE cast_failure (
    row_number BIGINT, rule VARCHAR, column_name VARCHAR, reason VARCHAR, is_swapped BOOLEAN
)"""
_CHECKED = """CREATE VIEW checked AS FROM batch
    WHERE NOT _is_deleted AND NOT _is_test AND NOT _is_own AND NOT _cast_failed"""


def _shortened(sql: str) -> str:
    return sql if len(sql) <= _SHOWN_EXPRESSION else sql[:_SHOWN_EXPRESSION] + "…"


def _source_sql(landed: Path, only_rows: Sequence[int] | None) -> str:
    wanted = ""
    if only_rows is not None:
        wanted = f" WHERE _row_number IN ({', '.join(str(int(row)) for row in only_rows) or 'NULL'})"
    return f"SELECT * FROM read_parquet({literal(str(landed))}){wanted}"


def _landed_columns(connection: duckdb.DuckDBPyConnection, landed: Path) -> list[str]:
    described = connection.execute(f"DESCRIBE FROM read_parquet({literal(str(landed))})").fetchall()
    return [str(row[0]) for row in described]


def _plans(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    rules: Sequence[ColumnRule],
    targets: Mapping[str, str],
    landed_columns: Sequence[str],
    masked: Collection[str],
) -> list[_Plan]:
    for rule in rules:
        target = targets.get(rule.name, "")
        if not cast_sql.is_castable(target):
            kind = f"has the type {target}" if target else "is not a column of the entity"
            raise CastTrouble(f"'{rule.name}' {kind}. Map a column with a type that casting knows.")
        if rule.column is not None and rule.column not in landed_columns:
            raise CastTrouble(
                f"'{rule.name}': the landed table has no column '{rule.column}' (it has: {', '.join(landed_columns)}). "
                "Correct the contract, or land the feed again if the column was added to the contract later."
            )
    raw_types = zip(rules, _raw_types(connection, source, rules, landed_columns), strict=True)
    return [
        _Plan(rule, targets[rule.name], raw_type, position, rule.name in masked)
        for position, (rule, raw_type) in enumerate(raw_types)
    ]


def _raw_types(
    connection: duckdb.DuckDBPyConnection, source: str, rules: Sequence[ColumnRule], landed_columns: Sequence[str]
) -> list[str]:
    """The type of each rule's origin: asked for all at once, and one by one when DuckDB refuses, to name the rule."""
    origins = ", ".join(f"{_origin(rule, landed_columns)} AS c{position}" for position, rule in enumerate(rules))
    try:
        described = connection.execute(f"DESCRIBE SELECT {origins} FROM ({source})").fetchall() if rules else []
    except duckdb.Error as error:
        if len(rules) > 1:
            return [found for rule in rules for found in _raw_types(connection, source, [rule], landed_columns)]
        raise CastTrouble(
            f"'{rules[0].name}': DuckDB refuses the expression {rules[0].sql or rules[0].column}: "
            f"{str(error).splitlines()[0]} Correct it in the contract."
        ) from error
    # A guarded origin is described as STRUCT(v TYPE).
    return [
        str(row[1]).removeprefix("STRUCT(v ").removesuffix(")") if _is_guarded(rule) else str(row[1])
        for rule, row in zip(rules, described, strict=True)
    ]


def _is_guarded(rule: ColumnRule) -> bool:
    """Expressions and JSON paths may fail on one row; they are wrapped so that only this row fails."""
    return rule.sql is not None or rule.json_path is not None


def _origin(rule: ColumnRule, landed_columns: Sequence[str]) -> str:
    if rule.sql is not None:
        return f"TRY({{'v': ({with_quoted_paths(rule.sql, landed_columns)})}})"
    if rule.column is None:
        return literal(rule.value)
    if rule.json_path is not None:
        return f"TRY({{'v': (CAST({quoted(rule.column)} AS JSON) ->> {literal(rule.json_path)})}})"
    return quoted(rule.column)


def with_quoted_paths(sql: str, landed_columns: Sequence[str]) -> str:
    """Landed columns such as requester.email are one name; unquoted, DuckDB would look for a table."""
    if not any("." in name for name in landed_columns):
        return sql
    parsed = sqlglot.parse_one(sql, dialect="duckdb")
    is_changed = False
    for column in list(parsed.find_all(exp.Column)):
        name = ".".join(part.name for part in column.parts)
        if len(column.parts) > 1 and name in landed_columns:
            is_changed = True
            whole = exp.column(exp.to_identifier(name, quoted=True))
            column.replace(whole)  # does nothing where the column is all there is
            parsed = whole if column is parsed else parsed
    return parsed.sql(dialect="duckdb") if is_changed else sql


def _stages(source: str, plans: Sequence[_Plan], landed_columns: Sequence[str]) -> str:
    """Nested selects, one a stage, so that each value is computed once and has a name."""
    read, opened, texts, meanings, numbers, casts = (["_row_number AS row_number"], *(["*"] for _ in range(5)))
    for plan in plans:
        origin = _origin(plan.rule, landed_columns)
        if _is_guarded(plan.rule):
            read.append(f"{origin} AS {plan.at('tried')}")
            tried = plan.at("tried")
            opened += [f"{tried}.v AS {plan.at('raw')}", f"{tried} IS NULL AS {plan.at('errored')}"]
        else:
            read.append(f"{origin} AS {plan.at('raw')}")
        texts.append(f"{cast_sql.text(plan.at('raw'), plan.raw_type)} AS {plan.at('text')}")
        meanings.append(f"{cast_sql.meaning(plan.rule, plan.at('text'))} AS {plan.at('meaning')}")
        numbers.append(f"{cast_sql.number_text(plan.rule, plan.at('meaning'), plan.raw_type)} AS {plan.at('number')}")
        casts.append(f"{plan.typed()} AS {plan.at('typed')}")
    nested = source
    for stage in (read, opened, texts, meanings, numbers, casts):
        nested = f"SELECT {', '.join(stage)} FROM ({nested})"
    return nested


def _batch_sql(values: str, plans: Sequence[_Plan], types: Mapping[str, str], key: Sequence[str]) -> str:
    by_name = {plan.rule.name: plan for plan in plans}
    columns = [
        f"{by_name[name].at('typed') if name in by_name else f'CAST(NULL AS {kind})'} AS {quoted(name)}"
        for name, kind in types.items()
    ]
    flags = {
        flag: f"coalesce({by_name[flag].at('typed')}, false)" if flag in by_name else "false"
        for flag in (_DELETED, _TEST, _OWN)
    }
    columns += [f"{typed} AS {flag}" for flag, typed in flags.items()]
    changed = by_name.get(_CHANGED)
    columns.append(f"{changed.at('typed') if changed else 'CAST(NULL AS TIMESTAMP)'} AS _changed_at")
    vital = {*key, *flags, _CHANGED}
    failed = _any(plan.is_failed() for plan in plans)
    failed_vital = _any(plan.is_failed() for plan in plans if plan.rule.name in vital)
    columns.append(f"CASE WHEN {flags[_DELETED]} THEN {failed_vital} ELSE {failed} END AS _cast_failed")
    typed_rows = f"SELECT row_number, {', '.join(columns)} FROM ({values})"
    return f"SELECT *, {_key_sql(key)} AS _key, {row_hash_sql(types)} AS _row_hash FROM ({typed_rows})"


def _any(conditions: Iterable[str]) -> str:
    return " OR ".join(conditions) or "false"


def _key_sql(key: Sequence[str]) -> str:
    """Key values joined by '|'; NULL when a part is missing."""
    return " || '|' || ".join(cast_sql.key_part(f"CAST({quoted(name)} AS VARCHAR)") for name in key)


def _record_failures(connection: duckdb.DuckDBPyConnection, values: str, plans: Sequence[_Plan]) -> None:
    if not number(connection, "SELECT count(*) FROM batch WHERE _cast_failed"):
        return
    failed = f"SELECT * FROM ({values}) WHERE row_number IN (SELECT row_number FROM batch WHERE _cast_failed)"
    connection.execute(f"CREATE TEMP TABLE failed_value AS {failed}")
    for plan in plans:
        name = plan.rule.name
        connection.execute(
            f"INSERT INTO cast_failure SELECT row_number, ?, ?, {plan.reason()}, {plan.is_swapped()} FROM failed_value "
            f"WHERE {plan.is_failed()} ORDER BY row_number",
            [f"{name.lstrip('_')}_cast", name],
        )


def gather_checked(scratches: Sequence[Path], target: Path, *, stride: int) -> None:
    """Put the rows to judge of several scratch files into one, whose view `checked` it makes anew.

    Rows of the file at position p get the number row_number + p × stride.
    """
    remove_database(target)
    with open_scratch(target) as connection:
        for position, scratch in enumerate(scratches):
            connection.execute(f"ATTACH {literal(str(scratch))} AS one (READ_ONLY)")
            rows = f"SELECT * REPLACE (row_number + {position * stride} AS row_number) FROM one.checked"
            connection.execute(f"{'INSERT INTO checked' if position else 'CREATE TABLE checked AS'} {rows}")
            connection.execute("DETACH one")
