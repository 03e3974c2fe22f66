"""One small company, built once: tests that change it take a copy of the home folder."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import pytest

from tests.warehouse import marts_factory as make
from tests.warehouse import said_factory
from warehouse import models
from warehouse.connection import marts_path, open_warehouse, warehouse_path

SNAPSHOT_AT = make.utc("2026-11-20 12:00")


@pytest.fixture(scope="session")
def built_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder whose marts are built, unit tests of the models included. Read it; do not change it."""
    home = tmp_path_factory.mktemp("built")
    with open_warehouse(home) as connection:
        make.create_schemas(connection)
        _ann(connection)
        _guest_and_organisation(connection)
        _strays(connection)
        _former_ids(connection)
        _marks(connection)
        make.snapshot(connection, "s1", SNAPSHOT_AT)
    models.build(home, unit_tests=True)
    return home


@pytest.fixture(scope="session")
def said_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder whose marts tell what was said and promised. Read it; do not change it."""
    home = tmp_path_factory.mktemp("said")
    with open_warehouse(home) as connection:
        said_factory.company(connection)
    models.build(home)
    return home


@pytest.fixture(scope="session")
def changing_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("changing")


@pytest.fixture
def home(built_home: Path, changing_home: Path) -> Path:
    """A copy of the built home that the test may change. One folder for all."""
    for leftover in changing_home.iterdir():
        if leftover.name == "dbt":
            continue
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    marts_path(changing_home).parent.mkdir()
    shutil.copy(warehouse_path(built_home), warehouse_path(changing_home))
    shutil.copy(marts_path(built_home), marts_path(changing_home))
    return changing_home


def _day(month: int, day: int, hour: int = 0) -> datetime:
    return make.utc(f"2026-{month:02d}-{day:02d} {hour:02d}:00")


def _ann(c) -> None:
    make.customer(c, "C1", "Ann Early", "shop/accounts/1", "helpdesk/accounts/h1", "mailer/accounts/m1")
    make.stage(c, "shop.customers", "accounts", account_id="1", has_marketing_consent=True)

    def order(order_id: str, gross: str, **more) -> None:
        values = {"account_id": "1", "currency": "EUR", "status": "paid", "sales_channel": "web", **more}
        make.stage(c, "shop.orders", "orders", order_id=order_id, gross_amount=gross, **values)

    order("100", "100.00", ordered_at=_day(11, 1), discount_amount="10.00")
    order("101", "50.00", ordered_at=_day(11, 9), status="cancelled")
    order("102", "500.00", ordered_at=_day(10, 1), currency="USD", sales_channel="store")
    order("103", "999.00", ordered_at=_day(11, 3), _is_deleted=True)
    order("104", "20.00", ordered_at=_day(11, 8), refund_amount="5.00")
    for number, amount in (("1", "60.00"), ("2", "30.00")):
        make.stage(c, "shop.order_lines", "order_lines", order_id="100", line_number=number, net_amount=amount)

    def payment(payment_id: str, status: str, at: datetime, amount: str = "90.00", **more) -> None:
        values = {"currency": "EUR", "method": "check", "occurred_at": at, **more}
        make.stage(c, "shop.payments", "payments", payment_id=payment_id, status=status, amount=amount, **values)

    payment("p1", "presented", _day(11, 2), account_id="1", instrument_ref="check-1042")
    payment("p2", "returned", _day(11, 4), account_id="1", instrument_ref="check-1042")
    payment("p3", "cleared", _day(11, 3), order_id="100", instrument_ref="check-1043")

    def parcel(shipment_id: str, order_id: str, **more) -> None:
        values = {"order_id": order_id, "order_source": "shop", "carrier": "Fleet", **more}
        make.stage(c, "carrier.parcels", "shipments", shipment_id=shipment_id, **values)

    late = {"shipped_at": _day(11, 3), "promised_delivery_at": _day(11, 5), "delivered_at": _day(11, 6)}
    parcel("k1", "100", status="delivered", **late)
    parcel("k2", "104", status="in_transit", shipped_at=_day(11, 10), promised_delivery_at=_day(11, 25))

    make.stage(
        c, "helpdesk.tickets", "tickets", ticket_id="t1", account_id="h1", status="open", priority="urgent",
        opened_at=_day(5, 4), channel="email", topic="implementation", subject="Still not live",
    )  # fmt: skip
    make.stage(
        c, "helpdesk.tickets", "tickets", ticket_id="t2", account_id="h1", status="solved", opened_at=_day(6, 1),
        first_reply_at=_day(6, 1, 3), solved_at=_day(6, 2), channel="phone", csat_score="good",
    )  # fmt: skip
    make.stage(
        c, "helpdesk.comments", "interactions", interaction_id="c1", ticket_id="t1", channel="email",
        direction="inbound", interaction_type="comment", occurred_at=_day(5, 5), summary="No end in sight",
    )  # fmt: skip
    make.stage(
        c, "helpdesk.comments", "interactions", interaction_id="c2", ticket_id="t1", channel="email",
        direction="internal", interaction_type="comment", occurred_at=_day(11, 19), summary="Overdue, lie low",
    )  # fmt: skip
    make.stage(
        c, "frontdesk.notes", "interactions", interaction_id="n1", account_id="1", account_source="shop",
        channel="phone", direction="inbound", interaction_type="call", topic="stop_payment", subject_type="payment",
        subject_id="check-1042", employee_id="B", occurred_at=_day(11, 1, 10), recorded_at=_day(11, 2, 9),
    )  # fmt: skip

    def touch(response_id: str, action: str, at: datetime, is_machine: bool) -> None:
        values = {"account_id": "m1", "campaign_id": "spring", "channel": "email", "is_machine": is_machine}
        values |= {"response_id": response_id, "action": action, "occurred_at": at}
        make.stage(c, "mailer.activity", "campaign_responses", **values)

    touch("a1", "sent", _day(3, 1), False)
    touch("a2", "open", _day(3, 1, 1), True)
    touch("a3", "click", _day(3, 1, 1), True)
    touch("a4", "click", _day(3, 2), False)
    make.stage(
        c, "website.signups", "web_registrations", registration_id="r1", account_id="1", account_source="shop",
        form_name="newsletter", outcome="completed", registered_at=_day(2, 1), has_marketing_consent=False,
    )  # fmt: skip
    for profile, size, band, at in (("d1", 2, "low", _day(1, 1)), ("d2", 4, None, _day(7, 1))):
        make.stage(
            c, "bureau.profiles", "demographics", profile_id=profile, account_id="1", account_source="shop",
            household_size=size, income_band=band, observed_at=at,
        )  # fmt: skip


def _guest_and_organisation(c) -> None:
    make.customer(c, "C2", "Gus Guest", "shop/orders/200")
    make.stage(
        c, "shop.orders", "orders", order_id="200", ordered_at=_day(11, 11), gross_amount="40.00", currency="EUR",
        status="paid", sales_channel="web",
    )  # fmt: skip
    make.stage(c, "carrier.parcels", "shipments", shipment_id="k3", order_id="200", order_source="shop")
    # '|' joins the parts of a key, so inside a value it carries a '\' in front.
    make.customer(c, "C3", "Pipe & Sons", r"shop/accounts/a\|b")
    make.stage(
        c, "shop.orders", "orders", order_id="30|0", _key=r"30\|0", account_id="a|b", ordered_at=_day(11, 12),
        gross_amount="7.00", currency="EUR", status="placed",
    )  # fmt: skip
    make.stage(
        c, "shop.order_lines", "order_lines", order_id="30|0", line_number="1", _key=r"30\|0|1", net_amount="7.00"
    )
    make.customer(c, "C4", "Nora Nothing", "shop/accounts/4")


def _strays(c) -> None:
    make.stage(c, "shop.payments", "payments", payment_id="p9", account_id="nobody", amount="1.00", status="cleared")
    make.stage(c, "shop.order_lines", "order_lines", order_id="999", line_number="1", net_amount="3.00")
    make.stage(c, "shop.employees", "employees", employee_id="B", full_name="Bea", team="service")

    def held(held_id: str, key: str, status: str) -> None:
        reasons = {"rules": ["orders.gross_amount.positive"], "reasons": ["gross_amount: 'Lea Held' is no number"]}
        record = {"feed": "shop.orders", "entity": "orders", "source_system": "shop", "_key": key, "status": status}
        make.insert(c, "quarantine.held_row", held_id=held_id, payload='{"email": "a@b.example"}', **record, **reasons)

    held("q1", "100", "held")
    held("q2", "100", "superseded")
    held("q3", "555", "held")


def _former_ids(c) -> None:
    """C7 was merged into C4; C8 into C9, of which no record is left."""
    make.period(c, "shop/accounts/4", "C7", _day(9, 1), make.KNOWN_SINCE)
    make.merged_away(c, "C7", "C4")
    make.insert(c, "identity.customer_id_redirect", old_customer_id="C8", current_customer_id="C9")
    make.event(c, "e2", "retire", "C9")


def _marks(c) -> None:
    make.feed_mark(c, "shop.orders", "orders", as_of=_day(11, 20, 10), verified_at=_day(11, 20, 11))
    make.feed_mark(c, "carrier.parcels", "shipments", as_of=_day(11, 19), verified_at=_day(11, 20), status="LATE")
    make.feed_mark(c, "helpdesk.tickets", "tickets", as_of=_day(11, 20, 9), verified_at=_day(11, 20, 9))
    make.feed_mark(c, "frontdesk.notes", "interactions", status="NEVER")
    make.feed_mark(c, "helpdesk.comments", "interactions", as_of=_day(11, 20, 8), status="IDLE")
