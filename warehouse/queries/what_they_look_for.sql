-- question: What do customers look for in us, and how should we speak with them?
-- parameters: {}
-- tables: [main.relationship_type]
-- sources:
--   orders: discounts and rhythm
--   interactions: contacts and remarks
--   campaign_responses: mailings
-- example: c360 ask what_they_look_for
SELECT relationship_type, service_script, count(*) AS customer_count, round(avg(confidence), 2) AS mean_confidence
FROM main.relationship_type
GROUP BY relationship_type, service_script
ORDER BY customer_count DESC, relationship_type
