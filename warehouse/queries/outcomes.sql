-- question: How do we do by our goals, and how did we when we began?
-- parameters: {}
-- tables: [main.outcome, main.baseline]
-- sources:
--   orders: repeat business
--   shipments: late parcels
--   interactions: promises and whether they were kept
--   payments: returned payments
--   tickets: first replies
--   campaign_responses: campaign clicks
-- example: c360 ask outcomes
SELECT
    outcome.metric, outcome.goal, outcome.owner, outcome.measured_value, outcome.unit, outcome.basis_count,
    outcome.target_value, outcome.is_met,
    baseline.measured_value AS baseline_value, baseline.as_of_date AS baseline_on,
    outcome.measured_value - baseline.measured_value AS difference
FROM main.outcome AS outcome
LEFT JOIN main.baseline AS baseline USING (metric)
ORDER BY outcome.metric
