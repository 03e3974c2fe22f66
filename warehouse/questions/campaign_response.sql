-- Who answers which campaign, of those it reached? What machines opened and clicked does not count.
SELECT
    campaign.campaign_name,
    campaign.first_sent_at,
    count(DISTINCT touch.customer_id) FILTER (touch.action = 'sent') AS reached_customers,
    count(DISTINCT touch.customer_id) FILTER (touch.action = 'click') AS clicking_customers,
    clicking_customers / nullif(reached_customers, 0) AS click_rate
FROM fct_campaign_touch AS touch
JOIN dim_campaign AS campaign USING (source_system, campaign_id)
WHERE touch.is_machine IS NOT TRUE AND touch.action IN ('sent', 'click')
GROUP BY campaign.campaign_key, campaign.campaign_name, campaign.first_sent_at
ORDER BY campaign.first_sent_at, campaign.campaign_name
