"""What is asked is noted by the names of tables and columns, and counted by day for as long as declared."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import usage
from pipelines.settings import Settings, load_settings
from warehouse.sql_reading import columns_read, tables_read

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
STATUS, NET = ("main.fct_order", "status"), ("main.fct_order", "net_amount")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(tmp_path, environment={})


def counted(settings: Settings, table: str, now: datetime = NOW) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        usage.count(connection, settings.home, now)
        usage.count(connection, settings.home, now)
        return connection.execute(f"FROM ops.{table} ORDER BY ALL").fetchall()


def test_queries_are_counted_by_column_and_day(settings: Settings) -> None:
    usage.note(settings, "query", [STATUS, NET], NOW - timedelta(days=1))
    usage.note(settings, "query", [STATUS], NOW)
    usage.note(settings, "ask", [STATUS, STATUS], NOW)
    assert counted(settings, "column_query") == [
        ("main.fct_order", "net_amount", date(2026, 11, 19), 1),
        ("main.fct_order", "status", date(2026, 11, 19), 1),
        ("main.fct_order", "status", date(2026, 11, 20), 2),
    ]


def test_use_is_counted_by_command_and_only_those_count_as_users_who_say_so(tmp_path: Path) -> None:
    for user in ("dana", "dana", "kim", None):
        said = load_settings(tmp_path, environment={"C360_USER": user} if user else {})
        usage.note(said, "customer", [], NOW)
    assert counted(said, "command_use") == [("customer", date(2026, 11, 20), 4, 2)]
    [file] = said.home.usage.iterdir()
    assert [json.loads(line)["user"] for line in file.read_text().splitlines()] == ["dana", "dana", "kim", None]


def test_what_is_older_than_declared_is_removed(settings: Settings) -> None:
    for days in (usage.DAYS_KEPT + 1, usage.DAYS_KEPT, 0):
        usage.note(settings, "query", [STATUS], NOW - timedelta(days=days))
    assert [row[2] for row in counted(settings, "column_query")] == [date(2026, 8, 22), date(2026, 11, 20)]
    assert len(list(settings.home.usage.iterdir())) == 2


def test_a_line_that_was_cut_off_is_left_out(settings: Settings) -> None:
    usage.note(settings, "query", [STATUS], NOW)
    [file] = settings.home.usage.iterdir()
    with file.open("a") as lines:
        lines.write('{"asked_at": "2026-11-20 12:00:00", "comm')
    assert counted(settings, "command_use") == [("query", date(2026, 11, 20), 1, 0)]


def test_where_nothing_was_asked_nothing_is_counted(settings: Settings) -> None:
    assert counted(settings, "column_query") == []


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("FROM fct_order LIMIT 5", {("main.fct_order", "*")}),
        ("SELECT count(*) FROM fct_order WHERE status = 'paid'", {STATUS}),
        ("WITH o AS (SELECT net_amount AS n FROM main.fct_order) SELECT sum(n) FROM o", {NET}),
        ("SELECT o.status FROM fct_order o WHERE net_amount > (SELECT 5)", {STATUS, NET}),
        ("SELECT secret FROM mine", set()),
        ("SELEC status FRO", set()),
    ],
)
def test_columns_are_those_that_a_statement_names(sql: str, columns: set[tuple[str, str]]) -> None:
    assert columns_read(sql) == columns


def test_a_macro_reads_what_its_body_reads() -> None:
    asked = "SELECT current_customer_id('C1') FROM crosswalk_as_of('2026-01-01')"
    assert tables_read(asked) == {
        "identity.crosswalk_history", "identity.customer_id_redirect", "main.dim_customer",
    }  # fmt: skip
    assert ("identity.crosswalk_history", "valid_to") in columns_read(asked)
