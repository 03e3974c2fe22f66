"""The table that every runner reads: orders in PostgreSQL, made from a sequence, so that it is the same every time."""

from __future__ import annotations

from datetime import datetime

TABLE = "orders"

_ROWS = """
SELECT i AS id, CASE WHEN i % 7 = 0 THEN NULL ELSE i % 200000 END AS customer_id,
       'person' || (i % 200000) || '@mailbox.example' AS email, '+49 30 ' || (1000000 + i % 200000) AS phone,
       'Person ' || (i % 200000) AS ship_name, (i % 900) || ' Long Street' AS ship_address,
       'Town ' || (i % 500) AS ship_city, lpad((i % 99999)::text, 5, '0') AS ship_zip, 'DE' AS ship_country,
       {since} + (i - {first}) * interval '{every}' AS created_at,
       {since} + (i - {first}) * interval '{every}' AS updated_at,
       (ARRAY['paid', 'pending', 'refunded'])[1 + i % 3] AS financial_status,
       (ARRAY['web', 'store', 'phone'])[1 + i % 3] AS channel, 'EUR' AS currency,
       (1000 + i % 90000)::numeric(12, 2) / 100 AS total_amount
FROM generate_series({first}, {last}) AS i;
"""

_TABLE = """
DROP TABLE IF EXISTS orders;
CREATE TABLE orders AS {rows}
CREATE INDEX orders_updated_at ON orders (updated_at);
ANALYZE orders;
"""


def created(rows: int) -> str:
    """SQL that makes the table anew, with orders of one a minute since 2024."""
    since = "timestamptz '2024-01-01' + interval '60 seconds'"
    return _TABLE.format(rows=_ROWS.format(first=1, last=rows, since=since, every="60 seconds"))


def added(first: int, last: int, since: datetime) -> str:
    """SQL that adds orders of these numbers, one every 200 milliseconds."""
    rows = _ROWS.format(first=first, last=last, since=f"timestamptz '{since.isoformat()}'", every="200 milliseconds")
    return f"INSERT INTO orders {rows}"


CONTRACT = """\
feed: bench.orders
description: Orders made from a sequence.
grain: One row per order.
owner: team:benchmarks
schedule: "*/15 * * * *"
freshness: {promise: 26h}
source: {kind: sql, connection: BENCH_URL, table: orders}
cursor: {column: updated_at, overlap: 1h}
columns:
  order_id: id
  account_id: customer_id
  email: email
  phone: phone
  customer_name: ship_name
  street: ship_address
  city: ship_city
  postal_code: ship_zip
  country: ship_country
  ordered_at: created_at
  updated_at: updated_at
  status: {column: financial_status, values: {paid: paid, pending: placed, refunded: refunded}}
  sales_channel: channel
  currency: currency
  total_amount: total_amount
"""

COLUMNS = [
    "id", "customer_id", "email", "phone", "ship_name", "ship_address", "ship_city", "ship_zip", "ship_country",
    "created_at", "updated_at", "financial_status", "channel", "currency", "total_amount",
]  # fmt: skip
