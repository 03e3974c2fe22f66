-- question: How many customers does each month win, what did that cost, and how many came back?
-- parameters: {}
-- tables: [main.cohort]
-- sources:
--   orders: orders
-- example: c360 ask cohorts
SELECT
    acquisition_month, acquisition_channel, customer_count, repeat_customer_count,
    round(repeat_customer_count / customer_count, 3) AS repeat_share, cost_per_customer_amount,
    acquisition_currency_code, acquisition_cost_reason
FROM main.cohort
ORDER BY acquisition_month DESC, acquisition_channel
