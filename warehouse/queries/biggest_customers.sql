-- question: Who are the biggest customers, in each currency?
-- parameters:
--   most: {type: INTEGER, default: 20, meaning: customers of each currency}
-- tables: [main.fct_order, main.dim_customer]
-- sources:
--   orders: orders
-- example: c360 ask biggest_customers --param most=5
SELECT
    sale.currency_code,
    row_number() OVER (PARTITION BY sale.currency_code ORDER BY sum(sale.net_amount) DESC NULLS LAST, sale.customer_id)
        AS place,
    sale.customer_id,
    customer.display_name,
    count(*) AS order_count,
    sum(sale.net_amount) AS net_amount,
    max(sale.ordered_at) AS last_order_at
FROM main.fct_order AS sale
INNER JOIN main.dim_customer AS customer USING (customer_id)
WHERE NOT sale.is_cancelled
GROUP BY sale.currency_code, sale.customer_id, customer.display_name
QUALIFY place <= $most
ORDER BY sale.currency_code, place
