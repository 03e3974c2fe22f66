"""What the files of public companies come to, read by plain `csv`, `sqlite3` and text, never by the code under test."""

from __future__ import annotations

import csv
import gzip
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

Figures = dict[str, Decimal]

_CENT = Decimal("0.01")
# The first eight values of a row: order, customer, employee, day, required, shipped, shipper, freight.
_NORTHWIND_ORDER = re.compile(
    r"^INSERT INTO orders VALUES \((\d+), '\w+', \d+, '[\d-]+', '[\d-]+', ('[\d-]+'|NULL), \d+, ([\d.]+),", re.M
)
_NORTHWIND_LINE = re.compile(
    r"^INSERT INTO order_details VALUES \((\d+), \d+, ([\d.]+), (\d+), ([\d.e-]+)\);", re.M | re.I
)


def northwind(folder: Path) -> Figures:
    """Of the PostgreSQL dump. Its floats of four bytes stand for cents, and discounts for whole percents."""
    dump = (folder / "northwind_postgres.sql").read_text(encoding="utf-8")
    orders = _NORTHWIND_ORDER.findall(dump)
    lines = [(_cents(price) * int(pieces), _cents(share)) for _, price, pieces, share in _NORTHWIND_LINE.findall(dump)]
    gross = sum((amount for amount, _ in lines), Decimal())
    discount = sum((_cents(amount * share) for amount, share in lines), Decimal())
    return {
        "accounts": Decimal(len(re.findall(r"^INSERT INTO customers ", dump, re.M))),
        "orders": Decimal(len(orders)),
        "gross USD": gross,
        "discount USD": discount,
        "net USD": gross - discount,
        "shipping USD": _total(freight for _, _, freight in orders),
        "order lines": Decimal(len(lines)),
        "order lines net": gross - discount,
        "shipments": Decimal(sum(shipped != "NULL" for _, shipped, _ in orders)),
        "freight": _total(freight for _, shipped, freight in orders if shipped != "NULL"),
    }


def chinook(folder: Path) -> Figures:
    """Of the SQLite file."""
    path = folder / "Chinook_Sqlite.sqlite"
    connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    try:
        invoices = connection.execute("SELECT Total FROM Invoice").fetchall()
        lines = connection.execute("SELECT UnitPrice, Quantity FROM InvoiceLine").fetchall()
        ((customers,),) = connection.execute("SELECT count(*) FROM Customer").fetchall()
    finally:
        connection.close()
    total = _total(amount for (amount,) in invoices)
    return {
        "accounts": Decimal(customers),
        "orders": Decimal(len(invoices)),
        "gross USD": total,
        "net USD": total,
        "order lines": Decimal(len(lines)),
        "order lines net": sum((_cents(price) * pieces for price, pieces in lines), Decimal()),
    }


def olist(folder: Path) -> Figures:
    """Of the CSV files. An order without a line has no amount."""
    orders = list(_rows(folder, "orders"))
    items = list(_rows(folder, "order_items"))
    payments = list(_rows(folder, "order_payments"))
    reviews = list(_rows(folder, "order_reviews"))
    known = {order["order_id"] for order in orders}
    return {
        "accounts": Decimal(sum(1 for _ in _rows(folder, "customers"))),
        "orders": Decimal(len(orders)),
        "net BRL": _total(item["price"] for item in items if item["order_id"] in known),
        "order lines": Decimal(len(items)),
        "order lines net": _total(item["price"] for item in items),
        "payments": Decimal(len({(row["order_id"], row["payment_sequential"]) for row in payments})),
        "paid BRL": _total(row["payment_value"] for row in payments),
        "shipments": Decimal(len(orders)),
        "delivered": Decimal(sum(order["order_delivered_customer_date"] != "" for order in orders)),
        "interactions": Decimal(len({(row["review_id"], row["order_id"]) for row in reviews})),
        "scores": _total(row["review_score"] for row in reviews),
        **{f"orders {word}": Decimal(count) for word, count in _states(orders).items()},
    }


def _states(orders: list[dict[str, str]]) -> Counter[str]:
    """Orders of the states that the source and the model name alike."""
    words = {"delivered": "delivered", "shipped": "shipped", "canceled": "cancelled"}
    return Counter(words[order["order_status"]] for order in orders if order["order_status"] in words)


def _rows(folder: Path, name: str) -> Iterator[dict[str, str]]:
    with gzip.open(folder / f"olist_{name}_dataset.csv.gz", "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _cents(value: object) -> Decimal:
    return Decimal(str(value)).quantize(_CENT, ROUND_HALF_UP)


def _total(values: Iterable[object]) -> Decimal:
    return sum((_cents(value) for value in values), Decimal())
