-- question: What does keeping it current cost, in requests, rows, computer time and reviewers' minutes?
-- parameters:
--   days: {type: INTEGER, default: 30, meaning: days before the snapshot}
-- tables: [ops.running_cost, ops.snapshot]
-- sources: {}
-- example: c360 ask what_syncing_costs --param days=7
SELECT
    cost.kind,
    cost.feed,
    sum(cost.times) AS times,
    sum(cost.request_count) AS request_count,
    round(sum(cost.byte_count) / 1e6, 3) AS megabytes,
    sum(cost.row_count) AS row_count,
    round(sum(cost.wall_seconds), 1) AS wall_seconds,
    round(sum(cost.cpu_seconds), 1) AS cpu_seconds,
    round(sum(cost.person_minutes), 1) AS person_minutes
FROM ops.running_cost AS cost
CROSS JOIN ops.snapshot AS snapshot
WHERE cost.day >= CAST(snapshot.snapshot_at - to_days($days) AS DATE)
GROUP BY cost.kind, cost.feed
ORDER BY cpu_seconds DESC NULLS LAST, cost.kind, cost.feed
