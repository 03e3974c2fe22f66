-- question: Whom do we write to most, and whom do we keep waiting? So we look from outside.
-- parameters:
--   most: {type: INTEGER, default: 20, meaning: customers}
-- tables: [main.touch_pressure]
-- sources:
--   campaign_responses: messages
--   interactions: contacts of ours
--   tickets: waits
--   shipments: late parcels
--   payments: failed payments
-- example: c360 ask how_we_look --param most=5
SELECT
    customer_id, message_count_30d, outbound_contact_count_30d, longest_first_reply_hours_90d,
    unanswered_ticket_count_90d, late_shipment_count_90d, failed_payment_count_90d, bounce_count_90d
FROM main.touch_pressure
ORDER BY message_count_30d DESC NULLS LAST, outbound_contact_count_30d DESC NULLS LAST, customer_id
LIMIT $most
