-- question: Whose value tier changed, from what to what, and why?
-- parameters:
--   days: {type: INTEGER, default: 90, meaning: days before the snapshot}
-- tables: [main.customer_value_history, ops.snapshot]
-- sources:
--   orders: orders and margin
--   interactions: contacts that cost money
--   tickets: tickets that cost money
--   shipments: freight
--   web_registrations: who was named in a form
-- example: c360 ask changed_tiers --param days=30
-- Days that are kept are compared: the latest eight, before them the last of each month.
WITH told AS (
    SELECT
        customer_id, as_of_date, value_tier, tier_cause,
        lag(value_tier) OVER days AS tier_before, lag(tier_cause) OVER days AS cause_before,
        lag(as_of_date) OVER days AS day_before
    FROM main.customer_value_history
    WINDOW days AS (PARTITION BY customer_id ORDER BY as_of_date)
)

SELECT
    told.customer_id, told.tier_before, told.value_tier, told.cause_before, told.tier_cause, told.day_before,
    told.as_of_date AS changed_on
FROM told
CROSS JOIN ops.snapshot AS snapshot
WHERE told.value_tier != told.tier_before AND told.as_of_date >= snapshot.snapshot_at - to_days($days)
ORDER BY changed_on DESC, told.customer_id
