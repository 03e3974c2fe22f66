from __future__ import annotations

import duckdb
import pytest

from pipelines.identity.tables import ensure_schema
from pipelines.trouble import Trouble


def test_tables_are_made_once_and_found_again() -> None:
    connection = duckdb.connect()
    ensure_schema(connection)
    connection.execute("INSERT INTO identity.erasure_salt VALUES ('kept')")
    ensure_schema(connection)
    assert connection.execute("FROM identity.erasure_salt").fetchall() == [("kept",)]


def test_a_table_that_another_version_made_is_trouble_that_names_it_and_the_way_on() -> None:
    connection = duckdb.connect()
    ensure_schema(connection)
    connection.execute("ALTER TABLE identity.chain RENAME chain_no TO chain_key")
    with pytest.raises(Trouble, match=r"identity\.chain: .* another version.* make the home anew"):
        ensure_schema(connection)
