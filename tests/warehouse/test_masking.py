"""The masked file has the tables of the full one, joins as it does, and names nobody."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse.connection import marts_path, masked_path
from warehouse.declared import MartColumn, MartTable, mart_tables
from warehouse.masking import masked_value, write_masked

KEY = "a key"
SALT = base64.b64encode(hashlib.sha256(KEY.encode()).digest()[:15]).decode()


@pytest.fixture(scope="module")
def masked(built_home: Path) -> Path:
    return write_masked(built_home, KEY, marts_path(built_home))


def asked(file: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def rows_by_table(file: Path) -> Iterator[tuple[MartTable, list[tuple[Any, ...]]]]:
    """Every declared table and its rows, whose values stand in the order of the declared columns."""
    with duckdb.connect(str(file), read_only=True) as connection:
        for table in mart_tables():
            listed = ", ".join(f'"{column.name}"' for column in table.columns)
            yield table, connection.execute(f"SELECT {listed} FROM {table.qualified}").fetchall()


def test_every_table_and_view_is_there_with_all_of_its_rows(built_home: Path, masked: Path) -> None:
    assert masked == masked_path(built_home)
    tables = [table.qualified for table in mart_tables() if not table.is_masked_out]
    counts = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in tables)
    assert asked(masked, counts) == asked(marts_path(built_home), counts)


def test_nothing_that_is_left_out_had_to_be_there(built_home: Path) -> None:
    columns = "SELECT schema_name, table_name, column_name FROM duckdb_columns() WHERE NOT internal"
    left_out = {
        (table.schema, table.name, column.name)
        for table in mart_tables()
        for column in table.columns
        if masked_value(column, SALT) == "NULL" and not table.is_masked_out
    }
    assert left_out
    assert left_out & {*asked(marts_path(built_home), f"{columns} AND NOT is_nullable")} == set()


def test_a_table_made_of_words_is_there_without_rows(built_home: Path, masked: Path) -> None:
    lines = "SELECT count(*) > 0 FROM brief_line"
    assert (asked(marts_path(built_home), lines), asked(masked, lines)) == ([(True,)], [(False,)])
    [customer] = asked(masked, "SELECT min(customer_id) FROM dim_customer")
    assert asked(masked, f"SELECT DISTINCT section FROM brief_now('{customer[0]}')") in ([], [("source",)])


def test_no_text_of_a_personal_column_stands_anywhere_in_it(built_home: Path, masked: Path) -> None:
    personal, impersonal = set[str](), set[str]()
    for table, rows in rows_by_table(marts_path(built_home)):
        for column, values in zip(table.columns, zip(*rows, strict=True), strict=False):
            is_personal = column.pii in ("name", "contact", "free_text", "pseudonym") or column.name in (
                "street",
                "city",
            )
            texts = {value.lower() for value in values if isinstance(value, str) and len(value) > 3}
            personal |= texts if is_personal else set()
            impersonal |= texts if column.pii == "none" else set()
    assert {"ann early", "still not live"} <= personal
    shown = {
        value.lower() for _, rows in rows_by_table(masked) for row in rows for value in row if isinstance(value, str)
    }
    # A campaign's id is no secret, though it is the subject of a contact.
    assert (personal - impersonal) & shown == set()


def test_the_reasons_of_held_rows_quote_nobody(built_home: Path, masked: Path) -> None:
    reasons = "SELECT DISTINCT rules, array_to_string(reasons, ' ') FROM ops.quarantine"
    rule = ["orders.gross_amount.positive"]
    assert asked(marts_path(built_home), reasons) == [(rule, "gross_amount: 'Lea Held' is no number")]
    assert asked(masked, reasons) == [(rule, None)]


def test_pseudonyms_are_keyed_hashes_that_join_as_the_values_did(built_home: Path, masked: Path) -> None:
    join = "SELECT count(*) FROM fct_order JOIN dim_customer USING (customer_id) JOIN interaction USING (customer_id)"
    assert asked(masked, join) == asked(marts_path(built_home), join)
    ids = asked(marts_path(built_home), "SELECT customer_id FROM dim_customer")
    expected = {hashlib.sha256(f"{SALT}{customer}".encode()).hexdigest()[:16] for (customer,) in ids}
    assert {customer for (customer,) in asked(masked, "SELECT customer_id FROM dim_customer")} == expected


def test_addresses_and_births_are_told_coarsely() -> None:
    def shown(name: str, pii: str, value: str, data_type: str = "VARCHAR") -> Any:
        column = MartColumn(name, data_type, "", pii, None, is_key=False)
        [(found,)] = duckdb.sql(f'SELECT {masked_value(column, SALT)} FROM (SELECT {value} AS "{name}")').fetchall()
        return found

    assert shown("postal_code", "address", "'SW1A 1AA'") == "SW"
    assert shown("region", "address", "'IL'") == "IL"
    assert shown("street", "address", "'1 Elm Street'") is None
    assert shown("date_of_birth", "birth", "DATE '1980-05-17'", "DATE") == date(1980, 1, 1)
    assert shown("amount", "financial", "12.50") == Decimal("12.50")
    assert shown("instrument_ref", "financial", "'check-1042'") != "check-1042"
    assert shown("display_name", "name", "NULL::VARCHAR") is None


def test_columns_say_that_they_are_masked(masked: Path) -> None:
    comments = dict(
        asked(masked, "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'dim_customer'")
    )
    assert comments["display_name"].endswith(" Masked.")
    assert not comments["record_count"].endswith(" Masked.")


def test_macros_answer_for_pseudonyms(masked: Path) -> None:
    [(customer,)] = asked(masked, "SELECT min(customer_id) FROM dim_customer")
    assert asked(masked, f"SELECT current_customer_id('{customer}')") == [(customer,)]
    assert asked(masked, "SELECT count(*) > 0 FROM crosswalk_as_of('2030-01-01')") == [(True,)]
