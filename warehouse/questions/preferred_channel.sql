-- How does each customer prefer to deal with us, by word or by deed, and may we use that channel for marketing?
SELECT
    preference.customer_id,
    preference.channel,
    preference.basis,
    preference.share,
    preference.contact_count,
    CASE WHEN channel.is_addressed THEN consent.status ELSE 'not needed' END AS consent
FROM channel_preference AS preference
JOIN dim_channel AS channel USING (channel)
LEFT JOIN consent_current AS consent
    ON consent.customer_id = preference.customer_id
    AND consent.channel = preference.channel
    AND consent.purpose = 'marketing'
WHERE preference.is_preferred
ORDER BY preference.customer_id
