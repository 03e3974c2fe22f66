-- question: How many orders came late, came back or were complained about?
-- parameters:
--   days: {type: INTEGER, default: 90, meaning: days before the snapshot}
-- tables: [main.order_experience, ops.snapshot]
-- sources:
--   orders: orders and refunds
--   shipments: parcels
--   tickets: complaints
--   interactions: complaints
-- example: c360 ask orders_gone_wrong --param days=30
SELECT
    experience.outcome,
    count(*) AS order_count,
    count(experience.complained_at) AS complaint_count,
    round(avg(experience.experience_score), 3) AS mean_experience_score
FROM main.order_experience AS experience
CROSS JOIN ops.snapshot AS snapshot
WHERE experience.ordered_at >= snapshot.snapshot_at - to_days($days)
GROUP BY experience.outcome
ORDER BY order_count DESC, experience.outcome
