"""What a customer's row carries of its sources: activity apart from arrival, quarantine, and metrics that say what they
miss. Figures by hand from the hand-made company, whose snapshot is of noon on 20 November 2026."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.warehouse import marts_factory as make
from warehouse import models
from warehouse.connection import marts_path, open_warehouse


def one(home: Path, columns: str, customer_id: str = "C1", table: str = "customer_360") -> tuple[Any, ...]:
    with duckdb.connect(str(marts_path(home)), read_only=True) as marts:
        (row,) = marts.execute(f"SELECT {columns} FROM {table} WHERE customer_id = ?", [customer_id]).fetchall()
    return tuple(row)


def test_activity_is_told_apart_from_arrival(built_home: Path) -> None:
    # Ann's newest order is of the 8th (the cancelled one of the 9th is an event, too), and all arrived on the 20th.
    assert one(built_home, "orders_last_event_at, orders_row_loaded_at") == (make.utc("2026-11-09"), make.LOADED_AT)
    assert one(built_home, "interactions_last_event_at") == (make.utc("2026-11-19"),)
    assert one(built_home, "tickets_last_event_at, tickets_row_loaded_at", "C4") == (None, None)


def test_rows_in_quarantine_are_counted_where_they_are_missing(built_home: Path) -> None:
    assert one(built_home, "orders_held_rows, tickets_held_rows, held_row_count") == (1, 0, 1)


def test_metrics_count_the_ninety_days_before_the_day_of_the_snapshot(built_home: Path) -> None:
    # From 22 August: orders 100, 102 (USD) and 104; 100 - 10 + 20 - 5 EUR. One call; tickets are of May and June.
    columns = "order_count_90d, net_amount_90d, inbound_contact_count_90d, ticket_count_90d"
    assert one(built_home, columns) == (3, Decimal("105.00"), 1, 0)


def test_a_metric_says_when_its_source_may_hold_more(built_home: Path, home: Path) -> None:
    partial = "is_order_90d_partial, is_ticket_90d_partial, is_contact_90d_partial"
    # One of the two feeds of contacts has never delivered.
    assert one(built_home, partial) == (False, False, True)
    with open_warehouse(home) as connection:
        # Orders are known up to the evening of the 19th only; tickets too, but their source has nothing newer.
        for feed, status in (("shop.orders", "LATE"), ("helpdesk.tickets", "IDLE")):
            connection.execute(
                "UPDATE ops.feed_mark SET status = ?, as_of = ? WHERE feed = ?",
                [status, make.utc("2026-11-19 20:00"), feed],
            )
    models.build(home)
    assert one(home, partial) == (True, False, True)


def test_a_row_says_how_far_apart_its_parts_are_and_under_which_contracts(built_home: Path) -> None:
    skew, versions = one(built_home, "as_of_skew_seconds, contract_versions")
    assert skew == 34 * 3600  # from parcels (19 November, midnight) to orders (20 November, 10:00)
    assert versions is not None


@pytest.mark.parametrize(("hours", "is_overdue"), [(23, False), (25, True)])
def test_a_customers_row_goes_stale_by_itself_when_nobody_publishes(home: Path, hours: int, is_overdue: bool) -> None:
    with duckdb.connect(str(marts_path(home))) as marts:
        marts.execute(
            "UPDATE ops.feed_mark SET status = 'FRESH', promise_seconds = 86400, grace_seconds = 0, "
            "verified_at = now() AT TIME ZONE 'UTC' - to_hours(?), as_of = now() AT TIME ZONE 'UTC' - to_hours(?)",
            [hours, hours],
        )
    columns = "is_snapshot_overdue, is_stale_now, orders_status_now, orders_age_seconds // 3600"
    expected = (is_overdue, is_overdue, "STALE" if is_overdue else "FRESH", hours)
    assert one(home, columns, table="customer_360_now") == expected
