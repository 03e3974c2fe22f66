"""The oracle: what is true at the source, read without any code of the pipeline, beside what reached staging.

Of each feed the columns are compared that faults can hit, as text. Rows that the sample company always has wrong
belong in quarantine; they are left out on both sides.
"""

from __future__ import annotations

import csv
import gzip
import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow.parquet as pq

Rows = dict[str, tuple[str, ...]]
_CARRIER_STATUS = {
    "CR": "created", "IT": "in_transit", "OD": "out_for_delivery", "DL": "delivered", "EX": "exception",
    "RT": "returned",
}  # fmt: skip
_COUNTED_AS = {"shop.accounts": "shop.customers"}


class Difference(NamedTuple):
    """Rows of a feed that are not as at the source."""

    missing: int
    extra: int
    wrong: int

    @property
    def rows(self) -> int:
        """All of them."""
        return self.missing + self.extra + self.wrong


def differences(truth: Path, day: Path, warehouse: Path, feeds: Sequence[str]) -> dict[str, Difference]:
    """How staging differs from the company in folder `truth`; `day` tells which rows are wrong on purpose."""
    counts = json.loads((day / "truth" / "counts.json").read_text())
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return {feed: _difference(truth, connection, feed, _dirt(counts, feed)) for feed in feeds}


def _difference(truth: Path, connection: duckdb.DuckDBPyConnection, feed: str, dirt: set[str]) -> Difference:
    true = {key: row for key, row in _TRUE[feed](truth).items() if key not in dirt}
    staged = {key: row for key, row in _staged(connection, feed).items() if key not in dirt}
    return Difference(
        missing=len(true.keys() - staged.keys()),
        extra=len(staged.keys() - true.keys()),
        wrong=sum(staged[key] != true[key] for key in true.keys() & staged.keys()),
    )


def _dirt(counts: dict[str, Any], feed: str) -> set[str]:
    told = counts.get(_COUNTED_AS.get(feed, feed), {})
    return {mistake["record_id"] for mistake in (*told.get("bad", ()), *told.get("corrected", ()))}


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return "" if value is None else str(value).strip()


def _rows(found: Iterable[Sequence[object]]) -> Rows:
    return {_text(row[0]): tuple(_text(value) for value in row[1:]) for row in found}


def _sqlite(database: str, query: str) -> Callable[[Path], Rows]:
    def read(truth: Path) -> Rows:
        connection = sqlite3.connect(f"file:{truth / database}?mode=ro", uri=True)
        try:
            return _rows(connection.execute(query))
        finally:
            connection.close()

    return read


def _carrier(truth: Path) -> Rows:
    """The last line of each parcel, in the order of the carrier's sequence."""

    def moment(text: str) -> str:
        try:
            return _text(datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=UTC)) if text else ""
        except ValueError:
            return text

    found: Rows = {}
    for file in sorted((truth / "carrier").iterdir(), key=lambda file: file.stem.split("_")[2]):
        for line in csv.DictReader(file.read_text(encoding="utf-8").splitlines()[1:-1]):
            known = (line["order_no"], line["street"], line["city"], line["zip"], line["freight"])
            status = _CARRIER_STATUS.get(line["status"], line["status"])
            found[line["shipment_no"]] = (*known, status, moment(line["shipped"]), moment(line["delivered"]))
    return found


def _website(truth: Path) -> Rows:
    found: Rows = {}
    for file in sorted((truth / "website").iterdir()):
        content = file.read_bytes()
        for line in (gzip.decompress(content) if file.suffix == ".gz" else content).splitlines():
            form = json.loads(line)
            found[str(form["id"])] = (_text(form["form"]), _text(form["person"].get("email")))
    return found


def _bureau(truth: Path) -> Rows:
    newest = max((truth / "bureau").iterdir(), key=lambda file: (file.stat().st_mtime, file.name))
    columns = ["profile_id", "income_band", "household_size", "zip"]
    return _rows(tuple(row.values()) for row in pq.read_table(newest, columns=columns, partitioning=None).to_pylist())


_TRUE: dict[str, Callable[[Path], Rows]] = {
    "shop.orders": _sqlite(
        "shop/shop.db",
        """SELECT id, customer_id, total_cents, shipping_cents, refunded_cents, email, ship_name, ship_address,
                  ship_city, ship_zip, discount_code, created_at FROM orders WHERE deleted_at IS NULL""",
    ),
    "shop.payments": _sqlite(
        "shop/shop.db", "SELECT id, order_id, customer_id, amount_cents, status, occurred_at FROM payments"
    ),
    "shop.accounts": _sqlite(
        "shop/shop.db", "SELECT id, email, last_name, city, zip, created_at FROM customers WHERE deleted_at IS NULL"
    ),
    "helpdesk.tickets": _sqlite(
        "services.db",
        """SELECT id, requester_id, subject, description, priority, topic, channel, replace(substr(created_at, 1, 19),
                  'T', ' ') FROM tickets WHERE status <> 'deleted'""",
    ),
    "mailer.activity": _sqlite("services.db", "SELECT id, campaign_id, email_address FROM activity"),
    "carrier.shipments": _carrier,
    "website.registrations": _website,
    "bureau.profiles": _bureau,
}
_STAGED = {
    "shop.orders": """order_id, account_id, CAST(total_amount * 100 AS BIGINT), CAST(shipping_amount * 100 AS BIGINT),
        CAST(refund_amount * 100 AS BIGINT), email, customer_name, street, city, postal_code, discount_code, ordered_at
        FROM staging.orders""",
    "shop.payments": """payment_id, order_id, account_id, CAST(amount * 100 AS BIGINT), status, occurred_at
        FROM staging.payments""",
    "shop.accounts": "account_id, email, family_name, city, postal_code, created_at FROM staging.accounts",
    "helpdesk.tickets": """ticket_id, account_id, subject, description, priority, topic, channel, opened_at
        FROM staging.tickets""",
    "mailer.activity": "response_id, campaign_id, email FROM staging.campaign_responses",
    "carrier.shipments": """shipment_id, order_id, street, city, postal_code, freight_amount, status, shipped_at,
        delivered_at FROM staging.shipments""",
    "website.registrations": "registration_id, form_name, email FROM staging.web_registrations",
    "bureau.profiles": "profile_id, income_band, household_size, postal_code FROM staging.demographics",
}


def _staged(connection: duckdb.DuckDBPyConnection, feed: str) -> Rows:
    query = f"SELECT {_STAGED[feed]} WHERE _feed = ? AND NOT _is_deleted"
    return _rows(connection.execute(query, [feed]).fetchall())
