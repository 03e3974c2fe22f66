-- question: Which customers bring revenue, and cost more to serve than we earn by them?
-- parameters: {}
-- tables: [main.customer_value]
-- sources:
--   orders: orders and margin
--   order_lines: cost of goods
--   interactions: contacts that cost money
--   tickets: tickets that cost money
--   shipments: freight
-- example: c360 ask costs_more_than_it_earns
SELECT
    currency_code,
    customer_id,
    revenue_12m,
    margin_12m,
    cost_to_serve_12m,
    profit_12m,
    is_cost_partial
FROM main.customer_value
WHERE revenue_12m > 0 AND profit_12m < 0
ORDER BY currency_code, revenue_12m DESC, customer_id
