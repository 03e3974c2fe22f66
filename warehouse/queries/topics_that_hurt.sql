-- question: With which topics do customers need support, and with which are they left dissatisfied?
-- parameters:
--   months: {type: INTEGER, default: 6, meaning: months up to the one of the snapshot}
-- tables: [main.topic_heat, ops.snapshot]
-- sources:
--   tickets: tickets and ratings
-- example: c360 ask topics_that_hurt --param months=3
SELECT
    heat.topic,
    sum(heat.ticket_count) AS ticket_count,
    sum(heat.open_ticket_count) AS open_ticket_count,
    sum(heat.rated_count) AS rated_count,
    sum(heat.dissatisfied_count) AS dissatisfied_count,
    round(sum(heat.dissatisfied_count) / nullif(sum(heat.rated_count), 0), 3) AS dissatisfied_share
FROM main.topic_heat AS heat
CROSS JOIN ops.snapshot AS snapshot
WHERE heat.month >= date_trunc('month', snapshot.snapshot_at) - to_months($months - 1)
GROUP BY heat.topic
ORDER BY ticket_count DESC, heat.topic
