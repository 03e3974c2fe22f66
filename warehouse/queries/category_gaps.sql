-- question: Who buys from few of our categories only, and which do they leave out?
-- parameters:
--   most: {type: INTEGER, default: 2, meaning: most categories that a customer bought from}
-- tables: [main.fct_order_line, main.customer_value]
-- sources:
--   orders: orders
--   order_lines: categories
-- example: c360 ask category_gaps --param most=1
WITH bought AS (
    SELECT customer_id, list(DISTINCT product_category ORDER BY product_category) AS categories
    FROM main.fct_order_line
    WHERE customer_id IS NOT NULL AND is_order_cancelled IS NOT true AND product_category IS NOT NULL
    GROUP BY customer_id
),

offered AS (
    SELECT list(DISTINCT product_category ORDER BY product_category) AS categories
    FROM main.fct_order_line
    WHERE product_category IS NOT NULL
)

SELECT
    customer_id,
    bought.categories,
    list_filter(offered.categories, lambda each: NOT list_contains(bought.categories, each)) AS left_out,
    valued.currency_code,
    valued.total_value
FROM bought
CROSS JOIN offered
INNER JOIN main.customer_value AS valued USING (customer_id)
WHERE len(bought.categories) <= $most
ORDER BY valued.currency_code, valued.total_value DESC, customer_id
