-- question: What share of each month's buyers had bought before, and has it grown since the go-live?
-- parameters: {}
-- tables: [main.repeat_business]
-- sources:
--   orders: orders
-- example: c360 ask repeat_business
SELECT
    order_month,
    is_after_go_live,
    buyer_count,
    repeat_buyer_count,
    round(repeat_rate, 3) AS repeat_rate,
    round(repeat_rate_6m, 3) AS repeat_rate_6m
FROM main.repeat_business
WHERE is_month_over
ORDER BY order_month
