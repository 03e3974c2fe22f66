-- question: Whom may we offer what, with their consent as it stands now?
-- parameters: {}
-- tables: [main.suggestion, main.consent_current, main.dim_channel]
-- sources:
--   orders: orders
--   order_lines: goods
--   accounts: consent that customers told
--   web_registrations: consent given in forms
--   campaign_responses: unsubscribes
-- example: c360 ask offers_we_may_make
SELECT
    suggestion.customer_id, suggestion.subject_key AS sku, suggestion.reason,
    list(consent.channel ORDER BY consent.channel) AS channels
FROM main.suggestion AS suggestion
INNER JOIN main.consent_current AS consent
    ON consent.customer_id = suggestion.customer_id AND consent.purpose = 'marketing' AND consent.status = 'granted'
INNER JOIN main.dim_channel AS channel ON channel.channel = consent.channel AND channel.is_addressed
WHERE suggestion.suggestion_kind = 'offer'
GROUP BY suggestion.customer_id, suggestion.subject_key, suggestion.reason
ORDER BY suggestion.customer_id, sku
