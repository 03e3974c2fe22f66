"""A company in which every customer stands for one way of being with us. The snapshot: noon, 20 November 2026."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import duckdb

from tests.warehouse import marts_factory as make
from warehouse.connection import open_warehouse

SNAPSHOT_AT = make.utc("2026-11-20 12:00")


class Town:
    """Writes customers into a warehouse; each has one account at the shop that the helpdesk knows too."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.number = count(1)

    def customer(self, name: str, **golden: Any) -> None:
        make.customer(self.connection, name, name, f"shop/accounts/{name}")
        for column, value in golden.items():
            update = f"UPDATE identity.golden_customers SET {column} = ? WHERE customer_id = ?"
            self.connection.execute(update, [value, name])

    def order(self, name: str, on: str, *categories: str, **more: Any) -> str:
        """A store order of ten euro at ten o'clock, a line of five for each category; its number."""
        order_id = f"{name}-{next(self.number)}"
        sale = {"account_id": name, "currency": "EUR", "status": "paid", "sales_channel": "store", "gross_amount": 10}
        self._stage("shop.orders", "orders", order_id=order_id, ordered_at=make.utc(f"{on} 10:00"), **(sale | more))
        for line, category in enumerate(categories, 1):
            self._stage(
                "shop.order_lines", "order_lines", order_id=order_id, line_number=str(line), net_amount=5,
                product_category=category, product_name=category, sku="HOU-503" if category == "torch" else category,
            )  # fmt: skip
        return order_id

    def parcel(self, order_id: str, promised: str, delivered: str | None) -> None:
        self._stage(
            "carrier.parcels", "shipments", shipment_id=f"k-{order_id}", order_id=order_id, order_source="shop",
            promised_delivery_at=make.utc(promised), delivered_at=make.utc(delivered) if delivered else None,
            status="delivered" if delivered else "in_transit",
        )  # fmt: skip

    def ticket(self, name: str, opened: str, **more: Any) -> str:
        """A ticket that was solved after a day unless told otherwise; its number."""
        ticket_id = f"t{next(self.number)}"
        known = {"status": "solved", "solved_at": make.utc(opened) + timedelta(days=1)} | more
        self._stage(
            "helpdesk.tickets", "tickets", ticket_id=ticket_id, account_id=name, account_source="shop",
            opened_at=make.utc(opened), **known,
        )  # fmt: skip
        return ticket_id

    def said(self, name: str, at: str, text: str, **more: Any) -> None:
        """A contact in which the customer, or we (direction='outbound'), say something."""
        contact = {"channel": "email", "direction": "inbound", "interaction_type": "comment", "is_public": True} | more
        self._stage(
            "helpdesk.comments", "interactions", interaction_id=f"i{next(self.number)}", account_id=name,
            account_source="shop", occurred_at=make.utc(at), summary=text, **contact,
        )  # fmt: skip

    def consent(self, name: str, *, given: bool) -> None:
        self._stage("shop.accounts", "accounts", account_id=name, has_marketing_consent=given)

    def sent(self, name: str, at: datetime) -> None:
        self._stage(
            "mailer.activity", "campaign_responses", response_id=f"m{next(self.number)}", account_id=name,
            account_source="shop", campaign_id="spring", channel="email", action="sent", occurred_at=at,
        )  # fmt: skip

    def _stage(self, feed: str, entity: str, **values: Any) -> None:
        make.stage(self.connection, feed, entity, **values)


def write(home: Path) -> None:
    """The company as a warehouse in `home`, ready to build the marts from."""
    with open_warehouse(home) as connection:
        make.create_schemas(connection)
        town = Town(connection)
        for settle in (_regulars, _unhappy, _story, _lost, _shoppers, _types):
            settle(town)
        read_at = make.utc("2026-11-20 11:00")
        for feed, entity in (
            ("shop.orders", "orders"), ("carrier.parcels", "shipments"), ("helpdesk.tickets", "tickets"),
            ("helpdesk.comments", "interactions"),
        ):  # fmt: skip
            make.feed_mark(connection, feed, entity, as_of=read_at, verified_at=read_at)
        make.snapshot(connection, "s1", SNAPSHOT_AT)


def _regulars(town: Town) -> None:
    """Both are content and bought every 30 days; one has been silent for 88."""
    town.customer("regular", source_count=3)
    for on in ("2026-09-12", "2026-10-12", "2026-11-11"):
        town.order("regular", on)
    town.ticket("regular", "2026-11-12", csat_score="good", topic="account")
    town.customer("drifting", source_count=2)
    for on in ("2026-06-25", "2026-07-25", "2026-08-24"):
        town.order("drifting", on)
    town.ticket("drifting", "2026-08-25", csat_score="good", topic="account")


def _unhappy(town: Town) -> None:
    """Comes back although the goods arrived broken; the complaint was two days after the second order."""
    town.customer("unhappy")
    town.order("unhappy", "2026-10-01")
    town.order("unhappy", "2026-11-01")
    town.ticket("unhappy", "2026-11-03", csat_score="bad", topic="damage")


def _story(town: Town) -> None:
    """Waits for an implementation that was promised on a Friday for the end of the week after."""
    town.customer("waiting", party_type="organisation")
    town.order("waiting", "2026-03-25")
    ticket = town.ticket(
        "waiting",
        "2026-05-01",
        status="open",
        solved_at=None,
        priority="urgent",
        topic="implementation",
        csat_score="bad",
    )
    promise = "The team will be with you by the end of next week."
    town.said("waiting", "2026-05-01 02:00", promise, direction="outbound", ticket_id=ticket, employee_id="B")


def _lost(town: Town) -> None:
    """Three who ordered on 1 June 2025 and never since: one said why, one had a late parcel, one neither."""
    for name in ("said_goodbye", "had_it_late", "went_silent"):
        town.customer(name)
    town.order("said_goodbye", "2025-06-01")
    farewell = 'Brought back one item;\nvoucher given; "never again", he said.'
    town.said("said_goodbye", "2025-06-05", farewell, topic="return", channel="in_person")
    town.parcel(town.order("had_it_late", "2025-06-01", sales_channel="web"), "2025-06-05", "2025-06-08")
    town.order("went_silent", "2025-06-01")


def _shoppers(town: Town) -> None:
    town.customer("torchbearer")
    town.order("torchbearer", "2026-11-10", "torch")
    town.consent("torchbearer", given=True)
    town.consent("drifting", given=False)
    town.customer("produce_only")
    town.customer("produce_only_and_why")
    for on in ("2026-10-20", "2026-11-01", "2026-11-12"):
        town.order("produce_only", on, "produce")
        town.order("produce_only_and_why", on, "produce")
    remark = "Says our produce is cheaper than elsewhere but meat is dear."
    town.said("produce_only_and_why", "2026-11-12 11:00", remark, topic="price", channel="in_person")
    town.customer("eats_all")
    town.order("eats_all", "2026-11-12", "produce", "meat")
    town.customer("still_waiting_in_silence")
    town.parcel(town.order("still_waiting_in_silence", "2026-11-10", sales_channel="web"), "2026-11-15", None)
    town.customer("has_asked_already")
    town.parcel(town.order("has_asked_already", "2026-11-10", sales_channel="web"), "2026-11-15", None)
    town.said("has_asked_already", "2026-11-16", "Where is it?", channel="phone")


def _types(town: Town) -> None:
    """Two kinds of evidence for the price, a single one, and somebody who answers no mailing and buys by chance."""
    town.customer("bargain_hunter")
    town.customer("bought_a_bargain")
    for on in ("2026-10-01", "2026-10-20", "2026-11-10"):
        for name in ("bargain_hunter", "bought_a_bargain"):
            town.order(name, on, discount_amount=2)
    town.said("bargain_hunter", "2026-11-10 11:00", "Everything is too expensive.", channel="in_person")
    town.customer("indifferent")
    # Gaps of 1, 1 and 100 days: mean 34, standard deviation 46.7.
    for on in ("2026-07-01", "2026-07-02", "2026-07-03", "2026-10-11"):
        town.order("indifferent", on)
    for month in range(5, 10):
        town.sent("indifferent", datetime(2026, month, 1))  # noqa: DTZ001  UTC without a zone, as DuckDB holds it
