"""What is at stake with a customer, in the published customer 360: the weight that doubt about it has in the queue.

Amounts of different currencies are never added. A customer's worth is therefore its net amount in units of the typical
one of its currency (the median of those above zero), which needs no exchange rate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    import duckdb

# Weight of a customer whose worth is UNKNOWN: that of the typical customer, not nothing.
TYPICAL = 1.0
# The least weight of a customer known to have bought little or nothing.
LEAST = 0.1
# Somebody waits for an answer; that is as urgent as a typical customer's orders.
OPEN_TICKET = 1.0
# Each record of a customer carries facts that a wrong decision moves.
RECORD = 0.1

# Made of no arrays: making one, even an empty one, imports pandas.
NOTHING_PUBLISHED = pa.Table.from_batches(
    [], pa.schema([("customer_id", pa.string()), ("weight", pa.float64()), ("told", pa.string())])
)
UNKNOWN_TOLD = "value UNKNOWN"


def stakes(published: duckdb.DuckDBPyConnection) -> pa.Table:
    """One row per published customer: customer_id, weight (in typical customers), told (in words)."""
    return published.sql(
        f"""WITH customer AS (
              -- No orders are nothing known as long as nobody ever told of any.
              SELECT *, CASE WHEN order_count > 0 THEN net_amount WHEN orders_status <> 'NEVER' THEN 0 END AS amount
              FROM customer_360),
            typical AS (
              SELECT currency_code, median(net_amount)::DOUBLE AS amount FROM customer
              WHERE net_amount > 0 AND currency_code IS NOT NULL GROUP BY ALL)
            SELECT customer_id,
                   greatest(coalesce(CASE WHEN customer.amount = 0 THEN 0
                                          ELSE customer.amount / typical.amount END, {TYPICAL}), {LEAST})
                   + {OPEN_TICKET} * coalesce(open_ticket_count, 0) + {RECORD} * record_count AS weight,
                   concat_ws(', ', CASE WHEN customer.amount IS NULL OR (customer.amount > 0 AND currency_code IS NULL)
                                          THEN '{UNKNOWN_TOLD}'
                                        WHEN order_count = 0 THEN 'no orders'
                                        ELSE format('{{:,.2f}} {{}} net', customer.amount::DOUBLE, currency_code) END,
                             CASE open_ticket_count WHEN 0 THEN NULL WHEN 1 THEN '1 open ticket'
                                                    ELSE format('{{}} open tickets', open_ticket_count) END,
                             if(record_count = 1, '1 record', format('{{}} records', record_count))) AS told
            FROM customer LEFT JOIN typical USING (currency_code)"""
    ).to_arrow_table()
