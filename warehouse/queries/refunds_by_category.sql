-- question: Goods of which category were in orders that were refunded?
-- parameters: {}
-- tables: [main.fct_order, main.fct_order_line]
-- sources:
--   orders: orders and refunds
--   order_lines: what was bought
-- example: c360 ask refunds_by_category
-- An order's refund is told for the order as a whole, so orders are counted by category and no amount is split.
WITH sold AS (
    SELECT DISTINCT product_category, order_key
    FROM main.fct_order_line
)

SELECT
    sold.product_category,
    count(*) AS order_count,
    count(*) FILTER (WHERE sale.refund_amount > 0) AS refunded_order_count,
    round(refunded_order_count / order_count, 3) AS refunded_share
FROM sold
INNER JOIN main.fct_order AS sale USING (order_key)
WHERE NOT sale.is_cancelled
GROUP BY sold.product_category
ORDER BY refunded_share DESC, order_count DESC, sold.product_category
