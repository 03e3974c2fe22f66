-- question: How does each customer prefer to deal with us, by word or by deed, and may we use that channel for marketing?
-- parameters: {}
-- tables: [main.channel_preference, main.dim_channel, main.consent_current]
-- sources:
--   accounts: channels and consent that customers told
--   web_registrations: consent given in forms
--   campaign_responses: unsubscribes
--   interactions: contacts by channel
--   orders: orders by channel
--   tickets: tickets by channel
-- example: c360 ask preferred_channel
SELECT
    preference.customer_id,
    preference.channel,
    preference.basis,
    preference.share,
    preference.contact_count,
    CASE WHEN channel.is_addressed THEN consent.status ELSE 'not needed' END AS consent
FROM main.channel_preference AS preference
JOIN main.dim_channel AS channel USING (channel)
LEFT JOIN main.consent_current AS consent
    ON consent.customer_id = preference.customer_id
    AND consent.channel = preference.channel
    AND consent.purpose = 'marketing'
WHERE preference.is_preferred
ORDER BY preference.customer_id
