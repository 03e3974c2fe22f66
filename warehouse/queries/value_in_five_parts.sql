-- question: What is each relationship worth, best profit first? Five parts, each currency for itself.
-- parameters:
--   most: {type: INTEGER, default: 20, meaning: customers of each currency}
-- tables: [main.customer_value]
-- sources:
--   orders: orders and margin
--   order_lines: cost of goods
--   interactions: contacts that cost money
--   tickets: tickets that cost money
--   shipments: freight
--   web_registrations: who was named in a form
-- example: c360 ask value_in_five_parts --param most=5
SELECT
    currency_code,
    customer_id,
    total_value,
    potential_value_12m,
    profit_12m,
    coalesce(profit_reason, potential_reason) AS reason,
    insight_count_12m,
    influence_value,
    value_tier
FROM main.customer_value
QUALIFY row_number() OVER (PARTITION BY currency_code ORDER BY profit_12m DESC NULLS LAST, customer_id) <= $most
ORDER BY currency_code, profit_12m DESC NULLS LAST, customer_id
