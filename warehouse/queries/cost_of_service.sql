-- question: What does dealing with customers cost, by what they came for?
-- parameters: {}
-- tables: [main.cost_by_reason]
-- sources:
--   interactions: contacts
--   tickets: tickets
--   shipments: freight
--   orders: returns
-- example: c360 ask cost_of_service
SELECT currency_code, cost_pool, topic, customer_count, amount, unassigned_amount, is_complete
FROM main.cost_by_reason
ORDER BY currency_code, amount DESC NULLS LAST, cost_pool, topic
