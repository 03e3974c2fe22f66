"""Questions over tables of a few rows: which rows they show, and which of them first."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from warehouse.questions import questions


@pytest.fixture
def c() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def test_asked_how_we_look_who_is_written_to_most_comes_first_and_the_unknown_last(
    c: duckdb.DuckDBPyConnection,
) -> None:
    columns = (
        "customer_id, message_count_30d, outbound_contact_count_30d, longest_first_reply_hours_90d, "
        "unanswered_ticket_count_90d, late_shipment_count_90d, failed_payment_count_90d, bounce_count_90d"
    )
    c.execute(
        f"""CREATE TABLE touch_pressure AS FROM (VALUES
            ('C1', 2, 0, 1.5, 0, 0, 0, 0), ('C2', 9, 0, NULL, 1, 2, 0, 3), ('C3', 2, 4, NULL, 0, 0, NULL, 0),
            ('C4', NULL, 7, NULL, 0, 0, 0, NULL), ('C5', 2, 4, NULL, 0, 0, 0, 0), ('C6', 0, 0, NULL, 0, 0, 0, 0))
            AS pressure({columns})"""
    )
    asked = c.execute(questions()["how_we_look"].sql, {"most": 5}).fetchall()
    assert [row[0] for row in asked] == ["C2", "C3", "C5", "C1", "C6"]
    assert asked[0] == ("C2", 9, 0, None, 1, 2, 0, 3)
    everybody = c.execute(questions()["how_we_look"].sql, {"most": 9}).fetchall()
    assert [row[0] for row in everybody][-1] == "C4"


def test_asked_for_conflicts_the_most_disputed_come_first_with_the_source_that_won(
    c: duckdb.DuckDBPyConnection,
) -> None:
    c.execute(
        """CREATE SCHEMA identity;
           CREATE TABLE identity.attribute_provenance AS FROM (VALUES
             ('C1', 'primary_email', 'ann@mail.example', 'shop', 'newest', 2, true, NULL),
             ('C1', 'city', 'Lyon', 'helpdesk', 'most_frequent', 3, true, NULL),
             ('C2', 'city', 'Nice', 'shop', 'most_frequent', 2, true, NULL),
             ('C3', 'city', 'Bonn', 'shop', 'most_frequent', 4, false, NULL))
             AS told(customer_id, attribute_name, attribute_value, source_system, survivorship_rule, candidate_count,
                     is_conflict, source_updated_at)"""
    )
    conflicts = questions()["conflicting_attributes"].sql
    city = ("C1", "city", "Lyon", "helpdesk", "most_frequent", 3, None)
    nice = ("C2", "city", "Nice", "shop", "most_frequent", 2, None)
    email = ("C1", "primary_email", "ann@mail.example", "shop", "newest", 2, None)
    assert c.execute(conflicts, {"attribute": None}).fetchall() == [city, nice, email]
    assert c.execute(conflicts, {"attribute": "primary_email"}).fetchall() == [email]


def test_asked_what_syncing_costs_the_dearest_feed_comes_first_and_people_last(c: duckdb.DuckDBPyConnection) -> None:
    c.execute(
        """CREATE SCHEMA ops;
           CREATE TABLE ops.snapshot AS SELECT TIMESTAMP '2026-11-20 12:00' AS snapshot_at;
           CREATE TABLE ops.running_cost AS FROM (VALUES
             ('sync', 'shop.orders', DATE '2026-11-19', 96, 288, NULL, 1200, 40.0, 12.0, NULL),
             ('sync', 'shop.orders', DATE '2026-11-20', 48, 144, NULL, 600, 20.0, 6.04, NULL),
             ('sync', 'mailer.activity', DATE '2026-11-20', 24, 240, 1500000, 9000, 300.0, 20.0, NULL),
             ('sync', 'mailer.activity', DATE '2026-10-20', 24, 240, 1500000, 9000, 300.0, 20.0, NULL),
             ('review', NULL, DATE '2026-11-20', 1, NULL, NULL, 30, NULL, NULL, CAST(9.75 AS DOUBLE)))
             AS cost(kind, feed, day, times, request_count, byte_count, row_count, wall_seconds, cpu_seconds,
                     person_minutes)"""
    )
    assert c.execute(questions()["what_syncing_costs"].sql, {"days": 30}).fetchall() == [
        ("sync", "mailer.activity", 24, 240, 1.5, 9000, 300.0, 20.0, None),
        ("sync", "shop.orders", 144, 432, None, 1800, 60.0, 18.0, None),
        ("review", None, 1, None, None, 30, None, None, 9.8),
    ]
