-- question: Which teams keep what they promise, and how long does it take them?
-- parameters:
--   months: {type: INTEGER, default: 6, meaning: months up to the one of the snapshot}
-- tables: [main.promise_keeping, ops.snapshot]
-- sources:
--   interactions: promises and their keeping
--   shipments: parcels that keep a promise
--   payments: refunds that keep a promise
--   employees: teams
-- example: c360 ask promises_by_team --param months=3
SELECT
    kept.month, kept.team, kept.promise_count, kept.kept_count, kept.kept_late_count, kept.broken_count,
    kept.open_count, round(kept.kept_share, 3) AS kept_share, round(kept.median_hours_to_keep, 1) AS median_hours_to_keep,
    round(kept.median_hours_late, 1) AS median_hours_late
FROM main.promise_keeping AS kept
CROSS JOIN ops.snapshot AS snapshot
WHERE kept.month >= date_trunc('month', snapshot.snapshot_at) - to_months($months - 1)
ORDER BY kept.month DESC, kept.team
