"""`c360 query`: it reads what is published and nothing else, and says what it found without bending it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.cli.query import keys_of
from pipelines.settings import Home
from tests.journey_factory import DAY_ONE, Said, c360


def query(home: Home, sql: str, *options: str) -> Said:
    return c360(home, "query", sql, "--full", *options, now=DAY_ONE)


@pytest.mark.parametrize(
    "sql",
    [
        "FROM read_text('{home}/.env')",
        "ATTACH '{home}/warehouse.duckdb' AS w (READ_ONLY)",
        "COPY customer_360 TO '{home}/copied.csv'",
        "EXPORT DATABASE '{home}/copied'",
        "SET enable_external_access = true",
    ],
)
def test_files_beside_the_published_one_are_neither_read_nor_written(home: Home, sql: str) -> None:
    (home.root / ".env").write_text("SECRET=hidden\n")
    before = {path for path in home.root.rglob("*") if "usage" not in path.parts}
    said = query(home, sql.format(home=home.root))
    assert (said.code, said.out) == (2, "")
    assert {path for path in home.root.rglob("*") if "usage" not in path.parts} == before


@pytest.mark.parametrize("sql", ["", "  ", ";", "/* nothing */"])
def test_sql_without_a_statement_is_wrong_use(home: Home, sql: str) -> None:
    said = query(home, sql)
    assert said.code == 2
    assert "it holds no statement" in said.err


@pytest.mark.parametrize("limit", ["-1", "99999999999999999999"])
def test_a_limit_that_no_table_can_have_is_wrong_use(home: Home, limit: str) -> None:
    assert query(home, "FROM customer_360", "--limit", limit).code == 2
    assert c360(home, "ask", "biggest_customers", "--limit", limit, now=DAY_ONE).code == 2


def test_numbers_that_json_cannot_tell_are_null_and_columns_of_one_name_are_all_told(home: Home) -> None:
    said = query(home, "SELECT 1 AS a, 2 AS a, 'nan'::DOUBLE AS b, ['-inf'::DOUBLE, 3] AS c", "--json")
    assert said.document == [{"a": 1, "a_1": 2, "b": None, "c": [None, 3.0]}]
    assert "NaN" not in said.out
    assert "Infinity" not in said.out


def test_a_value_that_looks_like_an_emoji_or_markup_is_shown_as_it_is(home: Home) -> None:
    assert "root:x:0 [red]Ann[/red]" in query(home, "SELECT 'root:x:0 [red]Ann[/red]' AS v").out


def test_without_a_published_file_the_next_step_is_named(tmp_path: Path) -> None:
    said = query(Home(tmp_path / "home"), "SELECT 1")
    assert said.code == 1
    assert "nothing is published yet. Check --home or C360_HOME, or run c360 sync first." in said.err


@pytest.mark.parametrize(
    ("names", "keys"),
    [
        (["a", "b"], ["a", "b"]),
        (["a", "a", "a"], ["a", "a_1", "a_2"]),
        (["a", "a", "a_1"], ["a", "a_2", "a_1"]),
        (["a_1", "a", "a"], ["a_1", "a", "a_2"]),
        (["a_1", "a_1", "a", "a"], ["a_1", "a_1_1", "a", "a_2"]),
    ],
)
def test_every_column_has_a_key_of_its_own(names: list[str], keys: list[str]) -> None:
    assert keys_of(names) == keys
