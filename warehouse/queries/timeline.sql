-- question: What happened with a customer lately, on every channel?
-- parameters:
--   customer: {type: VARCHAR, default: null, meaning: "any id that the customer ever had; all customers when none is given"}
--   days: {type: INTEGER, default: 90, meaning: days before the snapshot}
-- tables: [main.interaction, ops.snapshot, main.dim_customer, identity.customer_id_redirect]
-- sources:
--   interactions: calls, notes and messages
--   orders: orders
--   payments: payments
--   shipments: parcels
--   tickets: tickets
--   campaign_responses: mailings
--   web_registrations: registrations
-- example: c360 ask timeline --param customer=C0000000000000 --param days=30
SELECT
    event.occurred_at, event.channel, event.direction, event.interaction_type, event.topic, event.summary,
    event.source_system, event.customer_id
FROM main.interaction AS event
CROSS JOIN ops.snapshot AS snapshot
WHERE
    ($customer IS NULL OR event.customer_id = current_customer_id($customer))
    AND event.occurred_at >= snapshot.snapshot_at - to_days($days)
ORDER BY event.occurred_at DESC, event.interaction_id
