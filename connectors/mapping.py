"""How one canonical column is filled from a source: by column, JSON path, DuckDB expression or constant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

import duckdb
from pydantic import BeforeValidator, Field, model_validator

from connectors.duckdb_sessions import open_session
from connectors.quoting import literal
from connectors.source_spec import Spec

if TYPE_CHECKING:
    from sqlglot import exp


class ColumnMapping(Spec):
    """Exactly one of `column`, `json` (alone or within `column`), `sql` and `value`, then how to read what is found.

    `values` maps source codes to canonical ones ('*' catches the rest); `nulls` lists texts that mean "nothing";
    `format` holds strptime patterns, tried in order; `zone` says where local times are meant; `divide_by` turns minor
    units (cents) into units.
    """

    column: str | None = None
    json_path: str | None = Field(default=None, alias="json", pattern=r"^\$")
    sql: str | None = None
    value: str | int | float | bool | None = None
    values: dict[str, str | None] | None = None
    nulls: tuple[str, ...] = ()
    format: tuple[str, ...] = ()
    zone: str | None = None
    divide_by: int | None = Field(default=None, gt=0)
    decimal_comma: bool = False

    @model_validator(mode="before")
    @classmethod
    def _one_format_is_a_list_of_one(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("format"), str):
            return {**data, "format": [data["format"]]}
        return data

    @model_validator(mode="after")
    def _one_origin(self) -> ColumnMapping:
        origins = [self.column is not None or self.json_path is not None, self.sql is not None, self.value is not None]
        if sum(origins) != 1:
            raise ValueError("give one of: column, json, sql, value")
        if self.sql is not None:
            expression_columns(self.sql)
        for pattern in self.format:
            _check_format(pattern)
        if self.json_path is not None:
            _check_path(self.json_path, is_of_record=self.column is None)
        return self

    def source_columns(self) -> dict[str, str | None]:
        """Source column → JSON path inside a record (None: a plain column) that this mapping reads."""
        if self.sql is not None:
            return dict.fromkeys(expression_columns(self.sql))
        if self.column is not None:
            return {self.column: None}
        if self.json_path is not None:
            return {path_name(self.json_path): self.json_path}
        return {}


def path_name(path: str) -> str:
    """The landed column's name for a JSON path: '$.requester.email' → 'requester.email'."""
    return path.removeprefix("$").removeprefix(".")


def _check_format(pattern: str) -> None:
    try:
        with open_session() as session:
            session.execute("SELECT try_strptime('', ?)", [pattern])
    except duckdb.Error as error:
        raise ValueError(f"'{pattern}' is not a format: {str(error).splitlines()[0].rpartition(': ')[2]}") from None
    if not re.search("%-?[yYGcx]", pattern.replace("%%", "")):
        raise ValueError(f"'{pattern}' has no year, so that every value would lie in 1900. Use 'sql' to add one")


def _check_path(path: str, *, is_of_record: bool) -> None:
    # Several paths are read from a record at once, and then none may stand for many values.
    asked = f"[{literal(path)}]" if is_of_record else literal(path)
    try:
        with open_session() as session:
            session.execute(f"SELECT json_extract_string('{{}}', {asked})")
    except duckdb.Error as error:
        reason = str(error).splitlines()[0].partition(": ")[2]
        raise ValueError(f"'{path}' is not a JSON path to one value ({reason}). Write $.key.key or $.list[0]") from None


@cache
def expression_columns(sql: str) -> tuple[str, ...]:
    """Source columns that a DuckDB expression reads, in order of first use.

    Raises:
        ValueError: the text is not one scalar DuckDB expression.
    """
    # Half a second of import that a home of plain column mappings does without.
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        parsed = sqlglot.parse_one(f"SELECT {sql}", dialect="duckdb")
    except SqlglotError as error:
        raise ValueError(f"'{sql}' is not a DuckDB expression: {str(error).splitlines()[0]}") from None
    if not isinstance(parsed, exp.Select) or len(parsed.expressions) != 1 or parsed.find(exp.Table, exp.Subquery):
        raise ValueError(f"'{sql}' must be one expression over the source's columns, without FROM or subqueries")
    return tuple(dict.fromkeys(_free_columns(parsed)))


def _free_columns(parsed: exp.Expression) -> Iterator[str]:
    from sqlglot import exp

    bound = {p.name for lambda_ in parsed.find_all(exp.Lambda) for p in lambda_.expressions}
    for column in parsed.find_all(exp.Column):
        if column.name not in bound:
            yield ".".join(part.name for part in column.parts)


def from_shorthand(value: Any) -> Any:
    """A bare text in a contract names a source column."""
    return {"column": value} if isinstance(value, str) else value


Mapping = Annotated[ColumnMapping, BeforeValidator(from_shorthand)]
