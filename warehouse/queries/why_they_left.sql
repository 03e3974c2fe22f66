-- question: Why did customers leave, as far as they said or it was seen?
-- parameters: {}
-- tables: [main.churn_reason]
-- sources:
--   orders: last orders
--   interactions: what customers said on leaving
--   shipments: late parcels
--   tickets: complaints
-- example: c360 ask why_they_left
SELECT basis, reason, count(*) AS customer_count, max(lapsed_at) AS last_lapsed_at
FROM main.churn_reason
GROUP BY basis, reason
ORDER BY customer_count DESC, basis, reason
