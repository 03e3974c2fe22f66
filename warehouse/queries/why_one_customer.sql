-- question: Why are these records one customer, and when did that change?
-- parameters:
--   customer: {type: VARCHAR, default: null, meaning: "any id that the customer ever had; all customers when none is given"}
-- tables: [identity.customer_crosswalk, identity.identity_event, main.dim_customer, identity.customer_id_redirect]
-- sources:
--   accounts: accounts
-- example: c360 ask why_one_customer --param customer=C0000000000000
SELECT
    record.customer_id, record.source_record_key, record.match_method, record.confidence, record.valid_from,
    event.event_type, event.other_customer_id, event.actor, event.reason, event.occurred_at
FROM identity.customer_crosswalk AS record
LEFT JOIN identity.identity_event AS event
    ON event.customer_id = record.customer_id
    AND (event.source_record_key = record.source_record_key OR event.event_type IN ('merge', 'split'))
WHERE $customer IS NULL OR record.customer_id = current_customer_id($customer)
ORDER BY record.customer_id, record.source_record_key, event.occurred_at, event.event_id
