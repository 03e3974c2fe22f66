"""A company made by hand in pounds, and one simulated in euros whose customers live as the models have it."""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb
import numpy as np
import pyarrow as pa

from tests.warehouse import marts_factory as make

SNAPSHOT_AT = make.utc("2026-11-20 12:00")
SIMULATED = 600


def make_company(c: duckdb.DuckDBPyConnection) -> None:
    """Everything that the marts read of both."""
    make.create_schemas(c)
    _by_hand(c)
    _simulated(c)
    for entity in ("orders", "order_lines", "shipments", "tickets", "interactions"):
        make.feed_mark(c, f"shop.{entity}", entity, as_of=make.utc("2026-11-20 10:00"))
    make.snapshot(c, "s1", SNAPSHOT_AT)


def _by_hand(c: duckdb.DuckDBPyConnection) -> None:
    for customer_id in ("phone", "web", "elder", "sister", "loss", "uncosted", "silent", "nameless"):
        make.customer(c, customer_id, customer_id, f"shop/accounts/{customer_id}")
    for customer_id in ("elder", "sister", "web"):
        make.insert(c, "identity.customer_household", customer_id=customer_id, household_id="H1")
    make.insert(
        c, "identity.source_records", source_record_key="shop/accounts/elder", source_system="shop",
        email_std="elder@a.example",
    )  # fmt: skip
    make.stage(
        c, "website.forms", "web_registrations", registration_id="w1", account_id="web", account_source="shop",
        referred_by="Elder@a.example", registered_at=make.utc("2026-03-01 09:00"),
    )  # fmt: skip
    # Two customers who bought the same on the same days, one by telephone and one on the web.
    for who, channel in (("phone", "phone"), ("web", "web")):
        _order(c, f"{who}-1", who, "2026-03-02", channel, ("produce", "100.00", "60.00"))
        _order(c, f"{who}-2", who, "2026-09-02", channel, ("meat", "50.00", "30.00"), refund_amount="10.00")
    _order(c, "elder-1", "elder", "2025-01-10", "store", ("dairy", "30.00", "10.00"))
    _order(c, "sister-1", "sister", "2026-05-01", "store", ("dairy", "12.00", "5.00"), ("meat", "8.00", "5.00"))
    lines = [(category, "250.00", "240.00") for category in ("garden", "office")]
    _order(c, "loss-1", "loss", "2026-06-01", "web", *lines, ("produce", "0.00", "1.00"))
    _order(c, "uncosted-1", "uncosted", "2026-07-01", "web", ("dairy", "25.00", None), ("meat", "75.00", "10.00"))
    _order(c, "nameless-1", "nameless", "2026-07-01", "web", ("dairy", "5.00", "1.00"), currency=None)
    for number in range(10):
        _contact(c, f"loss-{number}", "loss", "phone", "price")
    _contact(c, "phone-1", "phone", "post", "delivery")
    _contact(c, "nobody-1", None, "email", "price")
    for number, who in enumerate(("loss", "loss", "silent")):
        make.stage(
            c, "helpdesk.tickets", "tickets", ticket_id=f"t{number}", account_id=who, account_source="shop",
            status="closed", topic="price", opened_at=make.utc("2026-08-01"),
        )  # fmt: skip
    make.stage(
        c, "carrier.parcels", "shipments", shipment_id="k1", order_id="phone-1", order_source="shop",
        status="delivered", shipped_at=make.utc("2026-03-03"), freight_amount="7.50",
    )  # fmt: skip


def _order(c, order_id: str, who: str, day: str, channel: str, *lines: tuple[str, str, str | None], **more) -> None:
    values = {"currency": "GBP", "status": "paid", "sales_channel": channel, "ordered_at": make.utc(f"{day} 10:00")}
    gross = sum(float(net) for _, net, _ in lines)
    make.stage(c, "shop.orders", "orders", order_id=order_id, account_id=who, gross_amount=gross, **(values | more))
    for number, (category, net, cost) in enumerate(lines, start=1):
        make.stage(
            c, "shop.order_lines", "order_lines", order_id=order_id, line_number=str(number), quantity=1,
            product_category=category, net_amount=net, unit_cost=cost,
        )  # fmt: skip


def _contact(c, interaction_id: str, who: str | None, channel: str, topic: str) -> None:
    make.stage(
        c, "frontdesk.notes", "interactions", interaction_id=interaction_id, account_id=who, account_source="shop",
        channel=channel, direction="inbound", topic=topic, occurred_at=make.utc("2026-08-01 10:00"),
    )  # fmt: skip


def _simulated(c: duckdb.DuckDBPyConnection) -> None:
    """Customers who came within two years, buy at a rate of their own and leave with a chance of their own."""
    rng = np.random.default_rng(41)
    begun = rng.integers(200, 730, SIMULATED)  # days before the snapshot
    rate, leaving = rng.gamma(2.0, 1 / 80.0, SIMULATED), rng.beta(0.8, 4.0, SIMULATED)
    nu = rng.gamma(4.0, 1 / 24.0, SIMULATED)
    orders = []
    for number in range(SIMULATED):
        times = np.cumsum(rng.exponential(1 / rate[number], 200))
        times = np.concatenate([[0.0], times[: rng.geometric(leaving[number])]])
        for day in times[times < begun[number] - 1]:
            moment = SNAPSHOT_AT - timedelta(days=float(begun[number] - day))
            orders.append((f"s{number}", moment, round(float(rng.gamma(6.0, 1 / nu[number])) + 0.01, 2)))
    c.register("simulated_orders", _staged(orders))
    c.execute("INSERT INTO staging.orders BY NAME SELECT * FROM simulated_orders")
    c.unregister("simulated_orders")
    c.execute(f"""
        INSERT INTO identity.golden_customers BY NAME
        SELECT 's' || n AS customer_id, 'person' AS party_type, 1 AS record_count, 1 AS source_count
        FROM range({SIMULATED}) AS numbers(n);
        INSERT INTO identity.customer_crosswalk BY NAME
        SELECT 'shop/accounts/s' || n AS source_record_key, 'shop' AS source_system, 'accounts' AS entity,
            's' || n AS record_id, 's' || n AS customer_id, 'auto' AS match_method
        FROM range({SIMULATED}) AS numbers(n);
        INSERT INTO identity.crosswalk_history BY NAME
        SELECT 'shop/accounts/s' || n AS source_record_key, 's' || n AS customer_id,
            TIMESTAMP '{make.KNOWN_SINCE}' AS valid_from, 'e1' AS change_event_id
        FROM range({SIMULATED}) AS numbers(n);
    """)


def _staged(orders: list[tuple[str, datetime, float]]) -> pa.Table:
    rows = len(orders)
    numbers = [f"e{number}" for number in range(rows)]
    return pa.table(
        {
            "order_id": numbers, "_key": numbers, "account_id": [who for who, _, _ in orders],
            "ordered_at": [moment for _, moment, _ in orders], "gross_amount": [amount for _, _, amount in orders],
            "currency": ["EUR"] * rows, "status": ["paid"] * rows, "sales_channel": ["partner"] * rows,
            "_feed": ["shop.orders"] * rows, "_source_system": ["shop"] * rows, "_batch_id": ["b1"] * rows,
            "_batch_seq": [1] * rows, "_landed_at": [make.LOADED_AT] * rows, "_is_deleted": [False] * rows,
        }
    )  # fmt: skip
