-- question: Of whom do sources disagree on consent, so that the refusal counts?
-- parameters: {}
-- tables: [main.consent_current]
-- sources:
--   accounts: consent that customers told
--   web_registrations: consent given in forms
--   campaign_responses: unsubscribes
-- example: c360 ask refused_and_granted
SELECT customer_id, channel, status, status_reason, granted_count, refused_count, captured_at, source_system
FROM main.consent_current
WHERE is_conflict
ORDER BY captured_at DESC NULLS LAST, customer_id, channel
