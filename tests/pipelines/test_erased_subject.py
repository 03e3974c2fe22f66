"""What belongs to an erased customer is found by reference, and what tells them by values that nobody else has."""

from __future__ import annotations

import duckdb
import pytest

from connectors.catalog import load_catalog
from pipelines.column_rules import all_types
from pipelines.erasure.staged import count_staged, find_held
from pipelines.erasure.subject import find_rows, find_traces, follow_rows, names_of_their_own
from pipelines.identity import tables
from tests.warehouse.marts_factory import stage
from warehouse import staging

CONTRACTS = load_catalog()


@pytest.fixture
def c() -> duckdb.DuckDBPyConnection:
    """C1, who is erased, has account 1 of the shop; C2 has account 2."""
    connection = duckdb.connect()
    staging.ensure_schema(connection, all_types())
    tables.ensure_schema(connection)
    connection.execute(
        """CREATE TEMP TABLE erased_customer AS SELECT 0 AS place, 'C1' AS customer_id;
           CREATE TEMP TABLE erased_key AS SELECT 'C1' AS customer_id, 'shop/accounts/1' AS source_record_key"""
    )
    record(connection, 1, "Lucia Perez", "lucia perez", email="lucia@mail.example")
    return connection


def record(connection: duckdb.DuckDBPyConnection, number: int, name: str, name_std: str, *, email: str) -> None:
    connection.execute(
        """INSERT INTO identity.source_records BY NAME
           SELECT $n AS record_no, 'shop/accounts/' || $n AS source_record_key, 'shop' AS source_system,
                  'accounts' AS entity, CAST($n AS VARCHAR) AS record_id, $name AS full_name, $name_std AS name_std,
                  $email AS email, '43296' AS postal_code, '43296' AS postal_code_std, false AS is_stub,
                  false AS is_deleted, 1 AS record_hash, TIMESTAMP '2026-01-01' AS first_seen_at""",
        {"n": number, "name": name, "name_std": name_std, "email": email},
    )
    stage(connection, "shop.accounts", "accounts", account_id=str(number), full_name=name, email=email)


def test_a_name_that_only_accents_tell_from_somebody_elses_is_theirs_as_well(c: duckdb.DuckDBPyConnection) -> None:
    find_rows(c)
    assert find_traces(c).homes == (("lucia perez", "43296"),)
    record(c, 2, "Pérez, Lucía", "lucia perez", email="other@mail.example")
    find_rows(c)
    assert find_traces(c).homes == ()
    assert find_traces(c).emails == ("lucia@mail.example",)


def test_what_refers_to_a_held_row_of_theirs_is_theirs(c: duckdb.DuckDBPyConnection) -> None:
    """A parcel names its order alone, and the order waits in quarantine."""
    c.execute(
        """INSERT INTO quarantine.held_row (held_id, feed, entity, source_system, _key, batch_id, row_number, payload)
           VALUES ('h', 'shop.orders', 'orders', 'shop', '9', 'B', 4, '{"id":9,"email":"lucia@mail.example"}')"""
    )
    parcel = {"order_source": "shop", "recipient_name": "Lucia Perez", "postal_code": "43296"}
    stage(c, "carrier.shipments", "shipments", shipment_id="S1", order_id="9", **parcel)
    stage(c, "carrier.shipments", "shipments", shipment_id="S2", order_id="8", order_source="shop")
    find_rows(c)
    assert find_traces(c).homes == ()
    assert find_held(c, find_traces(c), CONTRACTS.values()) == {"B": {4}}
    follow_rows(c)
    assert find_traces(c).homes == (("lucia perez", "43296"),)
    assert c.execute("SELECT reference FROM erased_reference ORDER BY ALL").fetchall() == [
        ("carrier/shipments/S1",), ("shop/accounts/1",), ("shop/orders/9",),
    ]  # fmt: skip


def test_a_ticket_that_identity_gave_to_somebody_else_stays_with_them_whatever_order_it_names(
    c: duckdb.DuckDBPyConnection,
) -> None:
    stage(c, "shop.orders", "orders", order_id="9", account_id="1")
    for ticket in ("5", "6"):
        stage(c, "helpdesk.tickets", "tickets", ticket_id=ticket, order_id="9", order_source="shop")
    c.execute(
        """INSERT INTO identity.customer_crosswalk
           VALUES (7, 'helpdesk/tickets/5', 'helpdesk', 'tickets', '5', 'C2', 'auto', 0.9, TIMESTAMP '2026-01-01')"""
    )
    find_rows(c)
    assert count_staged(c) == [
        ("accounts", "shop.accounts", 1), ("orders", "shop.orders", 1), ("tickets", "helpdesk.tickets", 1),
    ]  # fmt: skip


def test_others_may_call_them_by_an_account_number_that_nobody_else_has(c: duckdb.DuckDBPyConnection) -> None:
    find_rows(c)
    assert set(c.execute(names_of_their_own()).fetchall()) == {("called/C1",), ("called/1",)}
    stage(c, "helpdesk.users", "accounts", account_id="1")
    assert c.execute(names_of_their_own()).fetchall() == [("called/C1",)]
