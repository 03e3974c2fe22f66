-- question: Who are the biggest customers, in each currency?
-- parameters:
--   most: {type: INTEGER, default: 20, meaning: customers of each currency}
-- tables: [main.fct_order, main.dim_customer]
-- sources:
--   orders: orders
-- example: c360 ask biggest_customers --param most=5
WITH sales AS (
    SELECT
        currency_code, customer_id, count(*) AS order_count, sum(net_amount) AS net_amount,
        max(ordered_at) AS last_order_at,
        row_number() OVER (PARTITION BY currency_code ORDER BY sum(net_amount) DESC NULLS LAST, customer_id) AS place
    FROM main.fct_order
    WHERE NOT is_cancelled AND customer_id IS NOT NULL
    GROUP BY currency_code, customer_id
    QUALIFY place <= $most
)
SELECT
    sales.currency_code, sales.place, sales.customer_id, customer.display_name, sales.order_count, sales.net_amount,
    sales.last_order_at
FROM sales
INNER JOIN main.dim_customer AS customer USING (customer_id)
ORDER BY sales.currency_code, sales.place
