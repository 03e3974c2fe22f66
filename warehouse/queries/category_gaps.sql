-- question: Who buys from few of our categories only, which do they leave out, and why?
-- parameters:
--   most: {type: INTEGER, default: 2, meaning: most categories that a customer bought from}
-- tables: [main.category_gap, main.customer_value]
-- sources:
--   orders: orders
--   order_lines: categories
--   interactions: reasons that customers told
-- example: c360 ask category_gaps --param most=1
SELECT
    gap.customer_id, gap.categories_bought, gap.categories_not_bought, valued.currency_code, valued.total_value,
    gap.reason_stated
FROM main.category_gap AS gap
INNER JOIN main.customer_value AS valued USING (customer_id)
WHERE len(gap.categories_bought) <= $most AND len(gap.categories_not_bought) > 0
ORDER BY valued.currency_code, valued.total_value DESC, gap.customer_id
