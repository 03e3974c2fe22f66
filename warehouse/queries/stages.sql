-- question: At which stage of their path with us are customers, and how many entered it lately?
-- parameters:
--   days: {type: INTEGER, default: 30, meaning: days before the snapshot}
-- tables: [main.lifecycle_event, ops.snapshot]
-- sources:
--   orders: orders
--   interactions: first contacts
-- example: c360 ask stages --param days=7
SELECT
    event.stage,
    count(*) FILTER (WHERE event.is_current) AS customer_count,
    count(*) FILTER (WHERE event.entered_at >= snapshot.snapshot_at - to_days($days)) AS entered_count
FROM main.lifecycle_event AS event
CROSS JOIN ops.snapshot AS snapshot
GROUP BY event.stage
ORDER BY customer_count DESC, event.stage
