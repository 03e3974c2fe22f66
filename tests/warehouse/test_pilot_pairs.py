"""Any two kinds of source are enough to build everything; of the others nothing is counted, and readers are told so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import duckdb
import pytest

from tests.warehouse import marts_factory as make
from warehouse import models
from warehouse.answer import answer
from warehouse.connection import marts_path, open_reader, open_warehouse
from warehouse.questions import questions

SNAPSHOT_AT = make.utc("2026-11-20 12:00")
# Long ago: who ordered then and never since is gone, for what reason nobody said.
AT = make.utc("2025-01-06 10:00")
# Kind → one row of it, which belongs to C1.
ROWS: dict[str, dict[str, Any]] = {
    "accounts": {"account_id": "1", "email": "ann@mail.example"},
    "orders": {"order_id": "o1", "ordered_at": AT, "gross_amount": 10, "currency": "EUR", "sales_channel": "web"},
    "order_lines": {"order_id": "o1", "line_number": "1", "net_amount": 10},
    "payments": {"payment_id": "p1", "occurred_at": AT, "amount": 10, "currency": "EUR", "status": "cleared"},
    "shipments": {"shipment_id": "s1", "shipped_at": AT, "promised_delivery_at": AT, "status": "in_transit"},
    "tickets": {"ticket_id": "t1", "opened_at": AT, "status": "open"},
    "interactions": {
        "interaction_id": "i1",
        "occurred_at": AT - timedelta(days=1),
        "direction": "inbound",
        "channel": "phone",
    },
    "campaign_responses": {
        "response_id": "r1",
        "campaign_id": "spring",
        "occurred_at": AT,
        "action": "sent",
        "channel": "email",
    },
    "web_registrations": {"registration_id": "w1", "registered_at": AT},
    "demographics": {"profile_id": "d1", "observed_at": AT},
}
# Kind → figures of customer_360 that count it: of C1, of whom there is one row, and of C2, of whom there is none.
FIGURES: dict[str, dict[str, tuple[Any, Any]]] = {
    "orders": {
        "order_count": (1, 0), "cancelled_order_count": (0, 0), "other_currency_order_count": (0, 0),
        "has_mixed_currencies": (False, False), "order_count_90d": (0, 0), "net_amount_90d": (0, 0),
    },
    "payments": {"payment_count": (1, 0), "returned_payment_count": (0, 0)},
    "shipments": {
        "shipment_count": (1, 0), "undelivered_shipment_count": (1, 0), "late_shipment_count": (1, 0),
        "overdue_shipment_count": (1, 0),
    },
    "tickets": {
        "ticket_count": (1, 0), "open_ticket_count": (1, 0), "urgent_open_ticket_count": (0, 0),
        "ticket_count_90d": (0, 0),
    },
    "interactions": {"contact_count": (1, 0), "inbound_contact_count": (1, 0), "inbound_contact_count_90d": (0, 0)},
    "campaign_responses": {
        "campaign_sent_count": (1, 0), "campaign_open_count": (0, 0), "campaign_click_count": (0, 0),
        "has_unsubscribed": (False, False),
    },
    "web_registrations": {"registration_count": (1, 0)},
}  # fmt: skip
PAIRS = [
    ("tickets", "campaign_responses"),
    ("payments", "web_registrations"),
    ("orders", "shipments"),
    ("interactions", "shipments"),
    ("orders", "demographics"),
    ("accounts", "order_lines"),
]


@pytest.fixture(scope="module", params=PAIRS, ids="+".join)
def pilot(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[set[str], duckdb.DuckDBPyConnection]]:
    """The kinds that there are, and what was built of them alone."""
    home = tmp_path_factory.mktemp("pilot")
    with open_warehouse(home) as connection:
        make.create_schemas(connection)
        for number in "12":
            make.customer(connection, f"C{number}", f"Customer {number}", f"shop/accounts/{number}")
        for kind in request.param:
            row = ROWS[kind]
            if "account_id" in make.entity_files()[kind]["columns"]:
                row = {"account_id": "1"} | row
            make.stage(connection, f"shop.{kind}", kind, **row)
            make.feed_mark(connection, f"shop.{kind}", kind, as_of=SNAPSHOT_AT, verified_at=SNAPSHOT_AT)
        make.snapshot(connection, "s1", SNAPSHOT_AT)
    models.build(home)
    with open_reader(marts_path(home)) as marts:
        yield set(request.param), marts


def rows(pilot: Any, sql: str) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = pilot[1].execute(sql).fetchall()
    return found


def test_what_was_read_is_counted_and_the_rest_is_unknown_and_not_none(pilot: Any) -> None:
    kinds, _ = pilot
    for kind, figures in FIGURES.items():
        told = rows(pilot, f"SELECT {kind}_status, {', '.join(figures)} FROM customer_360 ORDER BY customer_id")
        if kind in kinds:
            assert told == [
                ("FRESH", *(one for one, _ in figures.values())),
                ("FRESH", *(two for _, two in figures.values())),
            ]
        else:
            assert told == [("NEVER", *[None] * len(figures))] * 2


def test_every_answer_names_the_kinds_that_it_misses(pilot: Any) -> None:
    kinds, marts = pilot
    missing = 0
    for question in questions().values():
        absent = answer(marts, question, {}).absent
        wanted = [
            f"No feed serves {kind}, so this answer is without {what}."
            for kind, what in question.sources.items()
            if kind not in kinds
        ]
        assert absent == wanted, question.name
        missing += len(wanted)
    assert missing > len(questions())


def test_the_brief_names_the_kinds_that_no_feed_serves(pilot: Any) -> None:
    kinds, _ = pilot
    [(what, detail)] = rows(pilot, "SELECT what, detail FROM brief('C1', NULL) WHERE section = 'source' AND place = 0")
    assert what.startswith("no feed of ")
    named = what.removeprefix("no feed of ").split(", ")
    assert named == sorted(kind.replace("_", " ") for kind in ROWS.keys() - kinds)
    assert detail == "nothing is known of them"


def test_an_order_of_which_no_parcel_is_read_has_no_outcome(pilot: Any) -> None:
    kinds, _ = pilot
    told = rows(pilot, "SELECT outcome, experience_score FROM order_experience")
    # Its parcel names no order, so that nothing is known of it where parcels are read either.
    assert told == ([("unknown", None)] if "orders" in kinds else [])


def test_who_left_left_for_a_reason_that_nobody_knows(pilot: Any) -> None:
    kinds, _ = pilot
    told = rows(pilot, "SELECT customer_id, basis, reason, circumstances FROM churn_reason")
    assert told == ([("C1", "unknown", "unknown", [])] if "orders" in kinds else [])


def test_that_a_customer_has_not_asked_is_said_only_where_contacts_are_read(pilot: Any) -> None:
    kinds, _ = pilot
    told = rows(pilot, "SELECT customer_id, reason FROM suggestion WHERE rule_id = 'call_before_complaint'")
    late = "A parcel promised for 2025-01-06 has not arrived"
    if "shipments" not in kinds:
        assert told == []
    elif "interactions" in kinds:
        assert told == [("C1", f"{late}, and the customer has not asked for it yet.")]
    else:
        assert told == [
            ("C1", f"{late}. Whether the customer has asked for it is not known: no contact was ever read.")
        ]


def test_what_is_unknown_of_a_customer_is_asked_for_and_no_gap_is_guessed(pilot: Any) -> None:
    told = rows(pilot, "SELECT customer_id, about, unknown_count FROM ask_next ORDER BY 1")
    # How to reach them, whether they permit it, and where they would rather be reached.
    assert told == [("C1", "contact_point", 3), ("C2", "contact_point", 3)]
