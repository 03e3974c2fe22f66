-- question: What do customers order, by sales channel and month?
-- parameters:
--   months: {type: INTEGER, default: 12, meaning: months up to the one of the snapshot}
-- tables: [main.fct_order, ops.snapshot]
-- sources:
--   orders: orders
-- example: c360 ask orders_by_month --param months=3
SELECT
    CAST(date_trunc('month', sale.ordered_at) AS DATE) AS month,
    sale.sales_channel,
    sale.currency_code,
    count(*) AS order_count,
    count(DISTINCT sale.customer_id) AS customer_count,
    sum(sale.net_amount) AS net_amount
FROM main.fct_order AS sale
CROSS JOIN ops.snapshot AS snapshot
WHERE
    NOT sale.is_cancelled
    AND sale.ordered_at >= date_trunc('month', snapshot.snapshot_at) - to_months($months - 1)
    AND sale.ordered_at <= snapshot.snapshot_at
GROUP BY ALL
ORDER BY month DESC, order_count DESC, sale.sales_channel, sale.currency_code
