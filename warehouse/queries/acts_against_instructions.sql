-- question: Where did we act against what a customer had told us, and was it made good?
-- parameters:
--   subject: {type: VARCHAR, default: null, meaning: "identifier of the matter, such as a check or order number; all when none is given"}
-- tables: [main.contradiction]
-- sources:
--   interactions: instructions of customers
--   payments: payments presented, returned or charged
--   shipments: parcels of cancelled orders
--   campaign_responses: messages sent
-- example: c360 ask acts_against_instructions --param subject=check-1042
SELECT
    happened_at, customer_id, subject_id, instruction, stated_at, action_kind, action_key, amount, currency_code,
    severity, caused_by_interaction_id, made_good_at
FROM main.contradiction
WHERE $subject IS NULL OR subject_id = $subject
ORDER BY happened_at, contradiction_id
