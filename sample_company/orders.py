"""Orders, their lines, payments and parcels. Each order knows its whole future when it is placed; `as_of` shows it at
a time.

Money is in whole cents and always balances: subtotal = sum of quantity × unit price over the lines; discount = sum of
the lines' discounts; total = subtotal − discount + shipping + tax. Refunds never exceed the total.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_company.accounts import EMPLOYEE_IDS, SALES_STAFF
from sample_company.columns import (
    DAY,
    HOUR,
    NEVER,
    Ints,
    blank,
    digits,
    draw,
    glue,
    ints,
    pick,
    stacked,
    times,
    weighted,
    where,
)
from sample_company.goods import GOODS, GOODS_SHARES, OFFERS, UNIT_COSTS
from sample_company.places import COUNTRIES, COUNTRY_CODES
from sample_company.state import Company

FIRST_ORDER, FIRST_PAYMENT, FIRST_CHECK, FIRST_PARCEL = 10_001, 100_001, 2_001, 50_001
CHANNELS, CHANNEL_SHARES = ("web", "store", "phone", "post", "partner"), (0.62, 0.24, 0.07, 0.03, 0.04)
CARRIERS = ("Northline", "Parcel Union", "Blitz Kurier", "Colis Rapide")
# The carrier's codes of standard, express and economy, and of door, neighbour, safe place and pick-up point. Two digits
# of a parcel's number say which is its own.
_SERVICES = ("ST",) * 7 + ("EX",) + ("EC",) * 2
_PLACES = ("DR",) * 7 + ("NB", "SP", "PP")
_STORE = CHANNELS.index("store")


@dataclass(frozen=True)
class Sales:
    """Orders with everything that belongs to them. Times ahead of the clock are decided but not yet visible."""

    orders: pa.Table
    lines: pa.Table
    payments: pa.Table
    parcels: pa.Table


def place(company: Company, rng: np.random.Generator, buyers: pa.Table, created: Ints, quiet_until: int = 0) -> Sales:
    """One order per row of buyers (person, customer_id or null, email, phone, name, street, city, zip, country).

    With `quiet_until` (seconds) all are web orders to which nothing more happens before that moment.
    """
    size = len(created)
    order_id = company.take_ids("orders", size, FIRST_ORDER) + np.arange(size)
    country = np.asarray(pc.index_in(buyers["country"], pa.array(COUNTRY_CODES)).to_numpy(), dtype=np.int64)
    channel = weighted(rng, CHANNEL_SHARES, size) * (quiet_until == 0)
    offer = np.where(rng.random(size) < 0.22, rng.integers(0, len(OFFERS), size), -1)
    percent = np.where(offer >= 0, np.array([p for _, p in OFFERS])[offer], 0)

    count = 1 + weighted(rng, (0.35, 0.3, 0.2, 0.1, 0.05), size)
    owner = np.repeat(np.arange(size), count)
    line_no = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count) + 1
    item = weighted(rng, GOODS_SHARES, len(owner))
    quantity = 1 + weighted(rng, (0.6, 0.2, 0.1, 0.06, 0.04), len(owner))
    price = np.array([cents for _, _, _, cents in GOODS])[item]
    line_discount = quantity * price * percent[owner] // 100

    subtotal = np.bincount(owner, weights=quantity * price, minlength=size).astype(np.int64)
    discount = np.bincount(owner, weights=line_discount, minlength=size).astype(np.int64)
    shipping = np.where((channel == _STORE) | (subtotal > 5000), 0, 490)
    tax = (subtotal - discount) * np.array([land.tax_percent for land in COUNTRIES.values()])[country] // 100
    total = subtotal - discount + shipping + tax

    store = channel == _STORE
    lag = np.where(
        store, 0, np.where(rng.random(size) < 0.7, rng.integers(30, 600, size), rng.integers(HOUR, 5 * DAY, size))
    )
    cancelled = np.where(
        ~store & (rng.random(size) < 0.035), np.maximum(created + rng.integers(HOUR, 2 * DAY, size), quiet_until), NEVER
    )
    paid = np.maximum(created + lag, quiet_until)
    paid = np.where(paid < cancelled, paid, NEVER)
    paid = np.where(rng.random(size) < 0.01, NEVER, paid)
    live = (paid < NEVER) & (cancelled == NEVER)
    shipped = np.where(live & ~store, paid + rng.integers(4 * HOUR, 3 * DAY, size), NEVER)
    delivered = np.where(shipped < NEVER, shipped + rng.integers(18 * HOUR, 6 * DAY, size), NEVER)
    shipped, delivered = np.where(live & store, created, shipped), np.where(live & store, created, delivered)
    refunded = (delivered < NEVER) & (rng.random(size) < 0.05)
    refund_at = np.where(refunded, delivered + rng.integers(DAY, 12 * DAY, size), NEVER)
    whole = rng.random(size) < 0.5
    refund = np.where(refunded, np.where(whole, total, total * rng.integers(10, 90, size) // 100), 0)

    currency = pick([land.currency for land in COUNTRIES.values()], country)
    served = (channel == _STORE) | (channel == CHANNELS.index("phone"))
    seller = pick(EMPLOYEE_IDS, np.array(SALES_STAFF)[rng.integers(0, len(SALES_STAFF), size)])
    orders = pa.table(
        {
            "id": order_id,
            "customer_id": buyers["customer_id"],
            "email": buyers["email"],
            "phone": buyers["phone"],
            "ship_name": buyers["name"],
            "ship_address": buyers["street"],
            "ship_city": buyers["city"],
            "ship_zip": buyers["zip"],
            "ship_country": buyers["country"],
            "channel": pick(CHANNELS, channel),
            "currency": currency,
            "subtotal_cents": subtotal,
            "discount_cents": discount,
            "shipping_cents": shipping,
            "tax_cents": tax,
            "total_cents": total,
            "refund_cents": refund,
            "discount_code": blank(offer < 0, pick([code for code, _ in OFFERS], np.maximum(offer, 0))),
            "employee_id": blank(~served, seller),
            "person": buyers["person"],
            "created": created,
            "paid": paid,
            "cancelled": cancelled,
            "shipped": shipped,
            "delivered": delivered,
            "refunded": refund_at,
        }
    )
    lines = pa.table(
        {
            "order_id": order_id[owner],
            "line_no": line_no,
            "sku": pick([sku for sku, _, _, _ in GOODS], item),
            "title": pick([title for _, title, _, _ in GOODS], item),
            "category": pick([category for _, _, category, _ in GOODS], item),
            "quantity": quantity,
            "unit_price_cents": price,
            "unit_cost_cents": np.array(list(UNIT_COSTS.values()))[item],
            "discount_cents": line_discount,
            "updated_at": times(created[owner]),
        }
    )
    return Sales(
        orders,
        lines,
        _payments(company, rng, orders),
        _parcels(company, rng, orders, np.flatnonzero((shipped < NEVER) & ~store)),
    )


def _payments(company: Company, rng: np.random.Generator, orders: pa.Table) -> pa.Table:
    """Card payments are authorised, then cleared in the same row; checks are presented and cleared in two rows."""
    size = orders.num_rows
    created, paid, refunded = (ints(orders[name]) for name in ("created", "paid", "refunded"))
    kind = weighted(rng, (0.78, 0.12, 0.1), size)
    check = check_numbers(company.take_ids("checks", size, FIRST_CHECK) + np.arange(size))
    never = np.full(size, NEVER)
    # One event table per kind: rows, first visible, changes at, status before and after, sign of the amount.
    events = (
        (kind == 0, created, paid, "authorised", "cleared", 1),
        (kind == 1, np.where(paid < NEVER, np.maximum(created, paid - DAY), NEVER), never, "presented", "presented", 1),
        (kind >= 1, paid, never, "cleared", "cleared", 1),
        (refunded < NEVER, refunded, never, "refunded", "refunded", -1),
    )
    tables = []
    for mask, visible, changes, before, after, sign in events:
        rows = np.flatnonzero(mask & (visible < NEVER))
        own = orders.take(pa.array(rows))
        own_kind = kind[rows]
        tables.append(
            pa.table(
                {
                    "order_id": own["id"],
                    "customer_id": own["customer_id"],
                    "invoice_no": glue(pa.scalar("INV-"), digits(ints(own["id"]))),
                    "kind": pick(("card", "check", "transfer"), own_kind),
                    "instrument_no": blank(own_kind != 1, check.take(pa.array(rows))),
                    "amount_cents": sign * ints(own["refund_cents" if sign < 0 else "total_cents"]),
                    "currency": own["currency"],
                    "before": pa.repeat(before, len(rows)),
                    "after": pa.repeat(after, len(rows)),
                    "occurred": visible[rows],
                    "changes": changes[rows],
                }
            )
        )
    payments = stacked(tables)
    payments = payments.take(
        pa.array(np.lexsort((ints(payments["order_id"]), ints(payments["occurred"]))))
    ).combine_chunks()
    first = company.take_ids("payments", payments.num_rows, FIRST_PAYMENT)
    return payments.add_column(0, "id", pa.array(np.arange(payments.num_rows) + first))


def check_numbers(numbers: Ints) -> pa.Array:
    """Check numbers as customers quote them."""
    return glue(pa.scalar("check-"), digits(numbers))


def _parcels(company: Company, rng: np.random.Generator, orders: pa.Table, rows: Ints) -> pa.Table:
    own, size = orders.take(pa.array(rows)).combine_chunks(), len(rows)
    number = company.take_ids("parcels", size, FIRST_PARCEL) + np.arange(size)
    shipped, delivered = ints(own["shipped"]), ints(own["delivered"])
    trouble = weighted(rng, (0.97, 0.02, 0.01), size)
    return pa.table(
        {
            "shipment_no": glue(pa.scalar("S"), digits(number, 8)),
            "order_no": digits(ints(own["id"])),
            "carrier": draw(rng, CARRIERS, (0.4, 0.3, 0.2, 0.1), size),
            "tracking_no": glue(pa.scalar("HL"), digits(number * 97 % 10**9, 9), pa.scalar("X")),
            "recipient": own["ship_name"],
            "street": own["ship_address"],
            "city": own["ship_city"],
            "zip": own["ship_zip"],
            "country": own["ship_country"],
            "freight_cents": rng.integers(350, 1900, size),
            "shipped": shipped,
            "promised": (shipped // DAY + 4) * DAY + 18 * HOUR,
            "delivered": np.where(trouble == 0, delivered, NEVER),
            "trouble_at": np.where(trouble > 0, delivered, NEVER),
            "trouble": pick((None, "EX", "RT"), trouble),
            "service": pick(_SERVICES, number % 10),
            "place": pick(_PLACES, number // 10 % 10),
        }
    )


def orders_as_of(orders: pa.Table, clock: int) -> pa.Table:
    """The orders as the shop's table shows them at the clock; orders placed later are left out."""
    own = orders.filter(pa.array(ints(orders["created"]) <= clock)).combine_chunks()
    size = own.num_rows
    happened = {
        name: np.where(ints(own[name]) <= clock, ints(own[name]), NEVER)
        for name in ("paid", "cancelled", "shipped", "delivered", "refunded")
    }
    refunded, whole = happened["refunded"] < NEVER, ints(own["refund_cents"]) == ints(own["total_cents"])
    paid, cancelled = happened["paid"] < NEVER, happened["cancelled"] < NEVER
    financial = where(paid, pa.scalar("paid"), where(cancelled, pa.scalar("voided"), pa.scalar("pending")))
    financial = where(refunded, where(whole, pa.scalar("refunded"), pa.scalar("partially_refunded")), financial)
    fulfilled = where(
        happened["shipped"] < NEVER,
        where(happened["delivered"] < NEVER, pa.scalar("delivered"), pa.scalar("fulfilled")),
        pa.scalar(None, pa.string()),
    )
    newest = np.maximum.reduce(
        [ints(own["created"]), *(np.where(moment < NEVER, moment, 0) for moment in happened.values())]
    )
    computed = {
        "created_at": times(ints(own["created"])),
        "updated_at": times(newest),
        "financial_status": financial,
        "fulfillment_status": where(refunded & whole, pa.scalar("restocked"), fulfilled),
        "cancelled_at": times(happened["cancelled"]),
        "refunded_cents": np.where(refunded, ints(own["refund_cents"]), 0),
        "deleted_at": times(np.full(size, NEVER)),
    }
    return pa.table({name: own[name].combine_chunks() for name in own.column_names} | computed)


def payments_as_of(payments: pa.Table, clock: int) -> pa.Table:
    """The payment events as the shop's table shows them at the clock."""
    own = payments.filter(pa.array(ints(payments["occurred"]) <= clock)).combine_chunks()
    changed = ints(own["changes"]) <= clock
    status = where(changed, own["after"].combine_chunks(), own["before"].combine_chunks())
    touched = np.where(changed, ints(own["changes"]), ints(own["occurred"]))
    return (
        own.append_column("status", status)
        .append_column("occurred_at", times(ints(own["occurred"])))
        .append_column("updated_at", times(touched))
    )


def unfinished(table: pa.Table, columns: tuple[str, ...], clock: int) -> pa.Table:
    """Rows with something still to happen after the clock."""
    ahead = np.zeros(table.num_rows, dtype=np.bool_)
    for name in columns:
        moment = ints(table[name])
        ahead |= (moment > clock) & (moment < NEVER)
    return table.filter(pa.array(ahead)).combine_chunks()


ORDER_EVENTS = ("created", "paid", "cancelled", "shipped", "delivered", "refunded")
PAYMENT_EVENTS = ("occurred", "changes")
PARCEL_EVENTS = ("shipped", "delivered", "trouble_at")
