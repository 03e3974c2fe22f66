"""What an erasure takes from the history of snapshots: theirs, and what a record of theirs told of somebody else."""

from __future__ import annotations

import duckdb
import pytest

from pipelines.erasure.past import erase_past
from tests.warehouse.marts_factory import utc
from warehouse import history

SEPTEMBER, OCTOBER, NOVEMBER = utc("2026-09-01"), utc("2026-10-01"), utc("2026-11-01")


@pytest.fixture
def c() -> duckdb.DuckDBPyConnection:
    """X is erased, with its record x, which C1 had in September; C7 had been merged into X."""
    connection = duckdb.connect()
    history.ensure_schema(connection)
    connection.execute(
        """CREATE SCHEMA identity;
           CREATE TABLE identity.customer_id_redirect AS
             FROM (VALUES ('C7', 'X'), ('C8', 'C1')) AS t(old_customer_id, current_customer_id);
           CREATE TABLE identity.crosswalk_history AS FROM (VALUES
             ('x', 'C1', TIMESTAMP '2026-09-01', TIMESTAMP '2026-10-01'),
             ('x', 'X', TIMESTAMP '2026-10-01', NULL),
             ('a', 'C1', TIMESTAMP '2026-09-01', NULL))
             AS t(source_record_key, customer_id, valid_from, valid_to);
           CREATE TEMP TABLE erased_customer AS SELECT 'X' AS customer_id;
           CREATE TEMP TABLE erased_key AS SELECT 'X' AS customer_id, 'x' AS source_record_key"""
    )
    return connection


def tell(c: duckdb.DuckDBPyConnection, customer_id: str, valid_from: object, valid_to: object) -> None:
    c.execute(
        "INSERT INTO history.dim_customer_history (customer_id, valid_from, valid_to) VALUES (?, ?, ?)",
        [customer_id, valid_from, valid_to],
    )


def left(c: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return c.execute("SELECT customer_id, valid_from FROM history.dim_customer_history ORDER BY ALL").fetchall()


def test_their_past_goes_and_that_of_ids_merged_into_theirs(c: duckdb.DuckDBPyConnection) -> None:
    for customer_id in ("X", "C7", "C8", "C2"):
        tell(c, customer_id, OCTOBER, NOVEMBER)
    assert erase_past(c) == 2
    assert left(c) == [("C2", OCTOBER), ("C8", OCTOBER)]


def test_what_a_record_of_theirs_told_of_another_customer_goes(c: duckdb.DuckDBPyConnection) -> None:
    tell(c, "C1", SEPTEMBER, OCTOBER)
    tell(c, "C1", OCTOBER, NOVEMBER)
    tell(c, "C1", NOVEMBER, None)
    assert erase_past(c) == 1
    assert left(c) == [("C1", OCTOBER), ("C1", NOVEMBER)]


def test_what_holds_of_others_today_stays(c: duckdb.DuckDBPyConnection) -> None:
    tell(c, "C1", SEPTEMBER, None)
    assert erase_past(c) == 0
    assert left(c) == [("C1", SEPTEMBER)]
