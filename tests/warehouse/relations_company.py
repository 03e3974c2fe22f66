"""A company made by hand: a family, organisations, and what they told us on every channel."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb

from tests.warehouse import marts_factory as make


def make_company(c: duckdb.DuckDBPyConnection) -> None:
    """Everything that the marts read of it."""
    make.create_schemas(c)
    _family(c)
    _chain_of_thirteen(c)
    _organisations(c)
    _forms(c)
    _contacts(c)
    _mail(c)
    _parcels(c)
    _entries(c)


def day_of(month: int, day: int, hour: int = 0) -> datetime:
    return make.utc(f"2026-{month:02d}-{day:02d} {hour:02d}:00")


def _known(c, customer_id: str, *, since: datetime, home: str | None = None, party: str = "person", **values) -> None:
    """A customer with one account that carries the values."""
    key = f"shop/accounts/{customer_id.lower()}"
    make.customer(c, customer_id, customer_id, key)
    make.insert(
        c, "identity.source_records", source_record_key=key, source_system="shop", first_seen_at=since, **values
    )
    c.execute(
        "UPDATE identity.golden_customers SET first_seen_at = ?, party_type = ? WHERE customer_id = ?",
        [since, party, customer_id],
    )
    if home:
        make.insert(c, "identity.customer_household", customer_id=customer_id, household_id=home)


def _family(c) -> None:
    """C1 and C2 share street and telephone, C2 and C3 a mailbox: a household by way of C2."""
    _known(
        c, "C1", since=day_of(1, 1), home="H1", email_std="ann@mail.example", phone_std="+491", address_std="1 elm, 100"
    )
    _known(
        c, "C2", since=day_of(2, 1), home="H1", email_std="family@mail.example", phone_std="+491",
        address_std="1 elm, 100",
    )  # fmt: skip
    _known(c, "C3", since=day_of(3, 1), home="H1", email_std="family@mail.example", address_std="2 oak, 200")
    make.stage(
        c, "shop.accounts", "accounts", account_id="c1", has_marketing_consent=True, preferred_channel="email",
        _changed_at=day_of(5, 1),
    )  # fmt: skip
    make.stage(c, "shop.accounts", "accounts", account_id="c2", preferred_channel="in_person", _changed_at=day_of(5, 1))


def _chain_of_thirteen(c) -> None:
    for number in range(1, 14):
        _known(c, f"B{number:02d}", since=day_of(1, number), home="H2")


def _organisations(c) -> None:
    _known(c, "O1", since=day_of(4, 1), party="organisation", organisation_std="acme", email_std="info@acme.example")
    _known(c, "P1", since=day_of(5, 1), organisation_std="acme", email_std="pia@acme.example")
    _known(c, "P2", since=day_of(3, 1), organisation_std="acme", email_std="paul@mail.example")
    for number, mail in (("O2", "office@bolt.example"), ("O3", "office@bolts.example")):
        _known(c, number, since=day_of(4, 1), party="organisation", organisation_std="bolt", email_std=mail)
    _known(c, "P3", since=day_of(5, 1), organisation_std="bolt", email_std="petra@mail.example")


def _forms(c) -> None:
    def form(registration_id: str, account: str, referred_by: str, at: datetime, **more: Any) -> None:
        make.stage(
            c, "website.forms", "web_registrations", registration_id=registration_id, account_id=account,
            account_source="shop", referred_by=referred_by, registered_at=at, **{"form_name": "contact"} | more,
        )  # fmt: skip

    form("f1", "p1", " ANN@mail.example ", day_of(6, 1), client="Firefox on Windows", form_name="fair")
    form("f2", "p1", "ann@mail.example", day_of(5, 1), client="Safari on iPhone")
    form("f3", "p2", "family@mail.example", day_of(6, 1))
    form("f4", "c1", "ann@mail.example", day_of(6, 1), has_marketing_consent=True)
    form("f5", "p3", "c2", day_of(6, 2))
    form("f6", "p3", "a friend", day_of(6, 2))


def _contacts(c) -> None:
    """C1 called B twice and A once; A wrote to C1 three times."""
    calls = [("n1", "B", "inbound", 1), ("n2", "B", "inbound", 3), ("n3", "A", "inbound", 4)]
    calls += [(f"n{number}", "A", "outbound", number) for number in (5, 6, 7)]
    for note, employee, direction, day in [*calls, ("n8", "Z", "internal", 8)]:
        make.stage(
            c, "desk.calls", "interactions", interaction_id=note, account_id="c1", account_source="shop",
            channel="phone", direction=direction, employee_id=employee, interaction_type="call",
            occurred_at=day_of(9, day),
        )  # fmt: skip
    make.stage(c, "shop.employees", "employees", employee_id="A", full_name="Ada", team="sales")
    make.stage(c, "shop.employees", "employees", employee_id="B", full_name="Bea", team="service")
    make.stage(c, "desk.employees", "employees", employee_id="B", full_name="Boris", team="service")

    def ticket(number: str, account: str, opened: datetime, **more: Any) -> None:
        make.stage(
            c, "helpdesk.tickets", "tickets", ticket_id=number, account_id=account, account_source="shop",
            opened_at=opened, status="solved", channel="email", **more,
        )  # fmt: skip

    delivery = {"topic": "delivery"}
    ticket("t1", "c1", day_of(9, 6), solved_at=day_of(9, 6, 10), csat_score="bad", **delivery)
    ticket("t2", "c2", day_of(9, 20), solved_at=day_of(9, 20, 4), csat_score="good", **delivery)
    ticket("t3", "c3", day_of(9, 21), csat_score="offered", **delivery)
    ticket("t4", "c3", day_of(10, 1))


def _mail(c) -> None:
    def touch(number: str, account: str, action: str, at: datetime, *, machine: bool = False, **more: Any) -> None:
        make.stage(
            c, "mailer.activity", "campaign_responses", response_id=number, account_id=account, account_source="shop",
            campaign_id="fair", campaign_name="Harvest fair", channel="email", action=action, is_machine=machine,
            occurred_at=at, **more,
        )  # fmt: skip

    for number, account in enumerate(("c1", "c2", "p1", "p2")):
        touch(f"s{number}", account, "sent", day_of(9, 1))
    touch("k1", "c2", "click", day_of(9, 2), client="Outlook on Windows")
    touch("k2", "c2", "click", day_of(9, 3), client="Outlook on Windows")
    touch("k3", "p1", "click", day_of(9, 1), machine=True, client="Scanner")
    touch("u1", "c1", "unsubscribe", day_of(9, 4))


def _parcels(c) -> None:
    """Two late parcels, after one of which its receiver opened a ticket within two weeks; one in time."""

    def parcel(number: str, account: str, promised: datetime, delivered: datetime) -> None:
        make.stage(
            c, "carrier.parcels", "shipments", shipment_id=number, account_id=account, account_source="shop",
            carrier="Fleet", status="delivered", promised_delivery_at=promised, delivered_at=delivered,
        )  # fmt: skip

    parcel("k1", "c1", day_of(9, 5), day_of(9, 7))  # t1 a day after the promise
    parcel("k2", "c2", day_of(9, 6), day_of(9, 8))  # t2 fourteen days after it, which is too late
    parcel("k3", "p1", day_of(9, 6), day_of(9, 6))


def _entries(c) -> None:
    """Three notes of clerk B in the week of Monday 2 November and two that were held."""
    columns = {"account_id": "customer_no", "topic": "topic", "channel": "how", "employee_id": "clerk"}
    for column, origin in (columns | {"occurred_at": None, "subject_type": "about"}).items():
        make.insert(
            c, "ops.collected_column", feed="frontdesk.notes", source_system="frontdesk", entity="interactions",
            column_name=column, source_column=origin, purpose="p", pii="none",
            readers=[] if column == "subject_type" else ["interaction"],
        )  # fmt: skip

    # The topic was asked for on two days; dim_customer does not read it.
    for table, day, times in (("main.interaction", 1, 2), ("main.interaction", 2, 3), ("main.dim_customer", 2, 7)):
        make.insert(
            c, "ops.column_query", table_name=table, column_name="topic", asked_on=day_of(11, day), query_count=times
        )

    def note(number: str, **more: Any) -> None:
        make.stage(
            c, "frontdesk.notes", "interactions", interaction_id=number, channel="phone", direction="internal",
            employee_id="B", occurred_at=day_of(11, 3), **more,
        )  # fmt: skip

    note("d1", account_id="c1", account_source="shop", topic="price")
    note("d2", account_id="c1", account_source="shop")
    note("d3", topic="price")
    make.insert(
        c, "identity.customer_crosswalk", source_record_key="frontdesk/interactions/d3", source_system="frontdesk",
        entity="interactions", record_id="d3", customer_id="C1",
    )  # fmt: skip
    make.period(c, "frontdesk/interactions/d3", "C1", make.KNOWN_SINCE, None)

    def held(held_id: str, key: str, clerk: str, *rules: str) -> None:
        make.insert(
            c, "quarantine.held_row", held_id=held_id, feed="frontdesk.notes", entity="interactions",
            source_system="frontdesk", _key=key, rules=list(rules), reasons=[""] * len(rules), status="held",
            payload=f'{{"clerk": "{clerk}", "how": "pigeon"}}', first_held_at=day_of(11, 5),
        )  # fmt: skip

    held("q1", "d4", "B", "channel_unknown")
    held("q2", "d4", "B", "channel_unknown")  # the same row, delivered once more
    held("q3", "d5", "B", "occurred_at_missing", "topic_cast")
    held("q4", "d6", "", "channel_unknown")
