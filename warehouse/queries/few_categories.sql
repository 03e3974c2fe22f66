-- question: Which customers buy only a few kinds of goods from us?
-- parameters:
--   most: {type: INTEGER, default: 2, meaning: categories that a customer buys at most}
-- tables: [main.fct_order_line]
-- sources:
--   order_lines: what was bought
--   orders: when it was bought and by whom
-- example: c360 ask few_categories --param most=1
SELECT
    customer_id,
    currency_code,
    list(DISTINCT product_category ORDER BY product_category) AS categories,
    sum(net_amount) AS net_amount
FROM main.fct_order_line
WHERE customer_id IS NOT NULL AND NOT is_order_cancelled AND product_category IS NOT NULL
GROUP BY customer_id, currency_code
-- Over all currencies, as who buys meat in one and fish in another buys both.
QUALIFY len(list_distinct(flatten(list(categories) OVER (PARTITION BY customer_id)))) <= $most
ORDER BY net_amount DESC NULLS LAST, customer_id, currency_code
