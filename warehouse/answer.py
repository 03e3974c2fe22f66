"""Asking a question of a published file: its rows, and how old and how complete what they rest on is."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from warehouse.declared import mart_tables
from warehouse.masking import loses_differences
from warehouse.questions import Parameter, Question, QuestionTrouble, questions
from warehouse.sql_reading import columns_read


@dataclass(frozen=True)
class Source:
    """A feed that an answer rests on, at the moment of asking. Times are UTC; `is_complete` is None when unknown."""

    feed: str
    kind: str
    status: str
    as_of: datetime | None
    age_seconds: int | None
    held_rows: int
    is_complete: bool | None


@dataclass(frozen=True)
class Answer:
    """Rows with their columns, the snapshot they are of, its sources, and one sentence for each that is absent.

    `is_all` is False when there are more rows than were asked for.
    """

    columns: list[str]
    rows: list[tuple[Any, ...]]
    is_all: bool
    snapshot_id: str
    snapshot_at: datetime
    sources: list[Source]
    absent: list[str]


def find_question(name: str) -> Question:
    """The question of this name. Raises QuestionTrouble, with names like it, when there is none."""
    if (found := questions().get(name)) is not None:
        return found
    near = difflib.get_close_matches(name, questions(), cutoff=0.4)
    step = f"Did you mean {', '.join(near)}?" if near else "c360 ask lists them."
    raise QuestionTrouble(f"{name}: there is no such question. {step}")


def answer(
    connection: duckdb.DuckDBPyConnection, question: Question, given: Mapping[str, str], *, limit: int = 0
) -> Answer:
    """Ask with these parameters, and the declared values for the others; for the first `limit` rows, or all of them.

    Raises QuestionTrouble when a parameter is not the question's or its value is of another type.
    """
    values = _values(connection, question, given)
    ((snapshot_id, snapshot_at),) = connection.execute("SELECT snapshot_id, snapshot_at FROM ops.snapshot").fetchall()
    sources = _sources(connection, question)
    # A limit within the statement keeps DuckDB from sorting, and us from fetching, a row for every customer.
    result = connection.execute(f"FROM ({question.sql}\n) LIMIT {limit + 1}" if limit else question.sql, values)
    columns, rows = [column[0] for column in result.description or ()], result.fetchall()
    is_all = not limit or len(rows) <= limit
    shown = rows if is_all else rows[:limit]
    return Answer(columns, shown, is_all, snapshot_id, snapshot_at, sources, _absent(question, sources))


def blurred_by_masking(question: Question) -> list[str]:
    """Columns that a question reads (`schema.table.column`) of which the masked file holds nothing or only a part."""
    read = columns_read(question.sql)
    return sorted(
        f"{table.qualified}.{column.name}"
        for table in mart_tables()
        for column in table.columns
        if (table.qualified, column.name) in read and loses_differences(column)
    )


def _values(connection: duckdb.DuckDBPyConnection, question: Question, given: Mapping[str, str]) -> dict[str, Any]:
    known = {parameter.name: parameter for parameter in question.parameters}
    for name in given.keys() - known.keys():
        takes = f"it takes {', '.join(known)}" if known else "it takes none"
        raise QuestionTrouble(f"{question.name}: there is no parameter {name}; {takes}.")
    return {name: _value(connection, one, given.get(name, one.default)) for name, one in known.items()}


def _value(connection: duckdb.DuckDBPyConnection, parameter: Parameter, text: str | None) -> Any:
    ((value,),) = connection.execute(f"SELECT TRY_CAST($1 AS {parameter.data_type})", [text]).fetchall()
    if text is not None and value is None:
        raise QuestionTrouble(
            f"parameter {parameter.name}: '{text}' is no {parameter.data_type}. It is to be the {parameter.meaning}."
        )
    return value


def _sources(connection: duckdb.DuckDBPyConnection, question: Question) -> list[Source]:
    rows = connection.execute(
        """SELECT feed, entity, status_now, as_of, data_age_seconds, coalesce(held_rows, 0), is_complete
           FROM ops.feed_status WHERE list_contains($1, entity) ORDER BY feed""",
        [list(question.sources)],
    ).fetchall()
    return [Source(*row) for row in rows]


def _absent(question: Question, sources: list[Source]) -> list[str]:
    told = []
    for kind, what in question.sources.items():
        feeds = [source for source in sources if source.kind == kind]
        if not feeds:
            told.append(f"No feed serves {kind}, so this answer is without {what}.")
        elif all(source.status == "NEVER" for source in feeds):
            names = ", ".join(source.feed for source in feeds)
            told.append(f"{names} delivered nothing yet, so this answer is without {what}.")
    return told
