"""A pilot with feeds of contacts alone: of what nobody brings nothing is counted, and answers say who is absent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from warehouse.answer import answer, find_question
from warehouse.connection import marts_path, open_reader


@pytest.fixture(scope="module")
def pilot(said_home: Path):
    with open_reader(marts_path(said_home)) as marts:
        yield marts


def of_stop(pilot, columns: str, table: str) -> tuple[Any, ...]:
    """Values of the customer who gave an instruction and of whom no order, ticket or parcel is staged."""
    ((*values,),) = pilot.execute(f"SELECT {columns} FROM {table} WHERE customer_id = 'STOP'").fetchall()
    return tuple(values)


def test_health_counts_nothing_that_no_feed_brings(pilot) -> None:
    assert of_stop(pilot, "open_ticket_count, late_delivery_count_90d, loyalty_score", "customer_health") == (
        None, None, None,
    )  # fmt: skip
    ((promises,),) = pilot.execute(
        "SELECT broken_promise_count_90d FROM customer_health WHERE customer_id = 'MAIL'"
    ).fetchall()
    assert promises == 0  # contacts were read, and no promise of ours to them is broken


def test_who_may_have_ordered_elsewhere_is_not_said_to_have_never_ordered(pilot) -> None:
    (reasons,) = of_stop(pilot, "reference_block_reasons", "customer_health")
    assert {f"no source of {kind} has ever been read" for kind in ("orders", "shipments", "tickets")} <= set(reasons)
    assert "has never ordered" not in reasons


def test_a_value_without_orders_is_unknown_and_says_why(pilot) -> None:
    columns = "total_value, revenue_12m, frequency_12m, profit_12m, profit_reason"
    assert of_stop(pilot, columns, "customer_value") == (None, None, None, None, "no feed of orders was ever read")


def test_pressure_counts_what_is_read_and_nothing_else(pilot) -> None:
    columns = "unanswered_ticket_count_90d, late_shipment_count_90d, message_count_90d"
    assert of_stop(pilot, columns, "touch_pressure") == (None, None, None)
    assert of_stop(pilot, "outbound_contact_count_90d IS NOT NULL", "touch_pressure") == (True,)


@pytest.mark.parametrize(
    ("question", "kind"),
    [("unanswered_tickets", "tickets"), ("parcels_owed", "shipments"), ("biggest_customers", "orders")],
)
def test_an_answer_names_the_kind_that_no_feed_serves(pilot, question: str, kind: str) -> None:
    absent = answer(pilot, find_question(question), {}).absent
    assert any(told.startswith(f"No feed serves {kind}, so this answer is without ") for told in absent), absent
