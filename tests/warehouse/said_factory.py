"""A small company that is told things, promises things and does some of them. Its days are those of November 2026."""

from __future__ import annotations

import csv
from datetime import datetime
from typing import Any

import duckdb

from tests.warehouse import marts_factory as make
from warehouse.dbt_process import PROJECT

SNAPSHOT_AT = make.utc("2026-11-20 12:00")


def at(day: int, hour: int = 10) -> datetime:
    return make.utc(f"2026-11-{day:02d} {hour:02d}:00")


def rules() -> list[dict[str, str]]:
    """The rules as people edit them."""
    with (PROJECT / "models" / "said" / "statement_rules.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def note(
    c: duckdb.DuckDBPyConnection, name: str, account: str | None, moment: datetime, text: str, **more: Any
) -> None:
    """A contact noted at the desk: an inbound call heard by B, unless the test says otherwise."""
    contact = {"channel": "phone", "direction": "inbound", "interaction_type": "call", "employee_id": "B"}
    contact |= {"account_id": account, "account_source": "shop", "recorded_at": moment, "summary": text}
    make.stage(c, "frontdesk.notes", "interactions", interaction_id=name, occurred_at=moment, **(contact | more))


def comment(c: duckdb.DuckDBPyConnection, name: str, ticket: str, moment: datetime, text: str, by: str = "") -> None:
    """A comment on a ticket: by the customer, by B in public, or as an internal note of B."""
    direction = {"": "inbound", "B": "outbound", "B inside": "internal"}[by]
    make.stage(
        c, "helpdesk.comments", "interactions", interaction_id=name, ticket_id=ticket, channel="email",
        direction=direction, interaction_type="comment", employee_id="B" if by else None,
        is_public=direction != "internal", summary=text, occurred_at=moment, recorded_at=moment,
    )  # fmt: skip


def payment(c: duckdb.DuckDBPyConnection, name: str, check: str, status: str, moment: datetime, amount: str) -> None:
    make.stage(
        c, "shop.payments", "payments", payment_id=name, account_id="1", instrument_ref=check, status=status,
        amount=amount, currency="USD", occurred_at=moment,
    )  # fmt: skip


def company(c: duckdb.DuckDBPyConnection) -> None:
    """Everything but who is who of rows that name no account."""
    make.create_schemas(c)
    for number, customer in enumerate(("STOP", "KEPT", "LEFT", "CANCEL", "MAIL", "INSIGHT", "WISH", "LIFE"), start=1):
        make.customer(c, customer, customer.title(), f"shop/accounts/{number}")
    for employee, team, function in (("B", "service desk", "service"), ("M", "campaigns", "marketing")):
        make.stage(c, "shop.employees", "employees", employee_id=employee, team=team, function=function)
    for ticket, account, status in (("t1", "2", "open"), ("t2", "3", "solved")):
        make.stage(
            c, "helpdesk.tickets", "tickets", ticket_id=ticket, account_id=account, account_source="shop",
            status=status, opened_at=at(1), solved_at=at(16) if status == "solved" else None, topic="delivery",
        )  # fmt: skip
    make.feed_mark(c, "frontdesk.notes", "interactions", verified_at=at(20, 8))
    make.feed_mark(c, "helpdesk.comments", "interactions", verified_at=at(20, 11))
    make.snapshot(c, "s1", SNAPSHOT_AT)
    _a_stopped_check(c)
    _words_kept(c)
    _words_not_kept(c)
    _cancelled_orders(c)
    _advertising(c)
    _remarks(c)
    _wishes(c)
    _lives(c)
    _examples(c)


def _a_stopped_check(c: duckdb.DuckDBPyConnection) -> None:
    check = {"topic": "stop payment", "subject_type": "payment", "subject_id": "check-7"}
    note(c, "stop", "1", at(1), "Check-7 is stopped; a second check is in the post.", **check)
    letter = {"channel": "post", "interaction_type": "letter", "recorded_at": at(5)}
    note(c, "again", "1", at(4), "Do not cash check-7.", **(check | letter))
    payment(c, "p1", "check-7", "presented", at(6), "120.00")
    payment(c, "p2", "check-8", "cleared", at(6), "120.00")


def _words_kept(c: duckdb.DuckDBPyConnection) -> None:
    comment(c, "k1", "t1", at(2), "Which neighbour has my parcel?")
    comment(c, "k2", "t1", at(2, 11), "I will call you on Friday.", by="B")  # the 2nd is a Monday
    comment(c, "k3", "t1", at(3), "I have asked the carrier and will come back to you by tomorrow.", by="B")
    comment(c, "k4", "t1", at(4), "We will let you know, I told them. They called twice.", by="B inside")
    comment(c, "k5", "t1", at(6), "It is with number nine.", by="B")
    note(c, "k6b", "2", at(6, 15), "The call that another desk noted, too.", direction="outbound")
    note(c, "k6", "2", at(6, 15), "Spoke about the parcel.", direction="outbound")
    note(c, "k7", "2", at(12), "He asked us to ring.", tags="vip,Callback Request", follow_up_at=at(18, 9))
    note(c, "k8", "2", at(17), "Rang him.", direction="outbound")


def _words_not_kept(c: duckdb.DuckDBPyConnection) -> None:
    comment(c, "l2", "t2", at(9), "I will call you tomorrow.", by="B")
    comment(c, "l1", "t2", at(10), "We will let you know this week.", by="B")  # a Tuesday
    comment(c, "l0", "t2", at(12), "We will let you know.", by="B")
    comment(c, "l3", "t2", at(17), "When will it come?")
    brochure = {"direction": "outbound", "subject_type": "reference"}
    note(c, "l4", "3", at(18), "May we name them in our brochure", **brochure)
    note(c, "l5", "3", at(19, 10), "Please call me in the afternoon.", subject_type="invoice", subject_id="i1")
    note(c, "l6", "3", at(19, 20), "Please call me back.", subject_type="invoice", subject_id="i2", employee_id=None)


def _cancelled_orders(c: duckdb.DuckDBPyConnection) -> None:
    for order in ("300", "301"):
        make.stage(c, "shop.orders", "orders", order_id=order, account_id="4", status="paid", ordered_at=at(2))
        parcel = {"order_id": order, "order_source": "shop", "status": "in_transit", "shipped_at": at(6)}
        make.stage(c, "carrier.parcels", "shipments", shipment_id=f"k{order}", **parcel)
        about = {"subject_type": "order", "subject_id": order}
        note(c, f"cancel {order}", "4", at(3), "Please cancel my order.", **about)
    note(c, "keep 301", "4", at(4), "Please do not cancel the order.", subject_type="order", subject_id="301")


def _advertising(c: duckdb.DuckDBPyConnection) -> None:
    for name, action, moment in (
        ("before", "sent", at(1)), ("left", "unsubscribe", at(2)), ("after", "sent", at(8)), ("later", "sent", at(12)),
    ):  # fmt: skip
        make.stage(
            c, "mailer.activity", "campaign_responses", response_id=name, account_id="5", account_source="shop",
            campaign_id="c1", campaign_name="Fresh this week", channel="email", action=action, occurred_at=moment,
        )  # fmt: skip
    note(c, "back", "5", at(10), "You may write to me again.")


def _remarks(c: duckdb.DuckDBPyConnection) -> None:
    note(c, "r1", "6", at(5), "Says our produce is cheaper than elsewhere.", topic="price")
    note(c, "r2", "6", at(6), "Spoke of prices.", topic="price", direction="outbound")  # B is of service
    note(c, "r3", "6", at(7), "Sent our offers.", topic="price", direction="outbound", employee_id="M")
    note(c, "r4", "6", at(8), "Something about the van.", topic="delivery")
    note(c, "r5", "6", at(9), "Wants parcels delivered after six.")
    note(c, "r6", "6", at(11), "Wants parcels delivered before nine.")


def _wishes(c: duckdb.DuckDBPyConnection) -> None:
    note(c, "w1", "7", at(2), "No parcels on Saturdays, please.")
    note(c, "w2", "7", at(3), "Please leave it with the neighbour.", channel="email", recorded_at=None)
    note(c, "w3", "7", at(4), "No express, please.", channel="post", recorded_at=at(9))
    note(c, "w4", "7", at(10), "Send it to my office.", tags="vip,no_sunday_delivery")
    note(c, "w5", "7", at(12), "Please use Northline.")

    def parcel(name: str, shipped: int, delivered: int | None, **more: Any) -> None:
        of_seven = {"account_id": "7", "account_source": "shop", "country": "DE", "shipped_at": at(shipped)}
        of_seven |= {"delivered_at": at(delivered) if delivered else None, "status": "in_transit"}
        make.stage(c, "carrier.parcels", "shipments", shipment_id=name, **(of_seven | more))

    # The 7th is a Saturday, the 12th a Thursday.
    parcel("saturday", 5, 7, status="delivered", delivery_place="store", service_level="express", carrier="Northline")
    parcel("express", 11, 12, status="delivered", delivery_place="workplace", service_level="express")
    parcel("on its way", 13, None, carrier="Blitz")
    make.stage(
        c, "shop.orders", "orders", order_id="700", account_id="7", status="paid", ordered_at=at(15),
        delivery_instructions="May leave it in the garage. Please leave it with the neighbour, though.",
    )  # fmt: skip
    parcel("of one order", 17, 18, status="delivered", order_id="700", order_source="shop", delivery_place="door")
    parcel("came back", 14, None, carrier="Blitz", status="returned", _changed_at=at(16))


def _lives(c: duckdb.DuckDBPyConnection) -> None:
    note(c, "f1", "8", at(4), "She needs plates for a birthday party on 22 November.")
    note(c, "f2", "8", at(5), "The birthday party is on 20 November.")
    note(c, "f3", "8", at(6), "My daughter in grade 3 has diabetes. We go to church on Sundays.")
    note(
        c, "f4", "8", at(7), "My son is in a wheelchair. My wife is pregnant. We keep kosher. I am a member of a union."
    )
    note(c, "f5", "8", at(8), "We are moving house on December 1st.", channel="post", recorded_at=at(10))


def _examples(c: duckdb.DuckDBPyConnection) -> None:
    """Each example and counter-example of the rules, as a contact of nobody known."""
    for rule in rules():
        for kind in ("example", "counter_example"):
            name, value = f"{kind}: {rule['rule_id']}", rule[kind]
            if rule["reads"] == "event":
                action = value.removeprefix("campaign_")
                touch = {"response_id": name, "campaign_id": "c0", "action": action, "occurred_at": at(1)}
                make.stage(c, "mailer.activity", "campaign_responses", **touch)
                continue
            direction = "inbound" if rule["direction"] == "any" else rule["direction"]
            field = {"words": "summary", "topic": "topic", "tag": "tags"}[rule["reads"]]
            contact = {"direction": direction, "recorded_at": at(1), field: value}
            note(c, name, None, at(1), contact.pop("summary", ""), **contact)
