-- question: Which campaigns do people of each value tier answer? Machines that open and click are left out.
-- parameters: {}
-- tables: [main.fct_campaign_touch, main.customer_value]
-- sources:
--   campaign_responses: mailings
--   orders: value tiers
-- example: c360 ask campaign_response
SELECT
    touch.campaign_id,
    any_value(touch.campaign_name) AS campaign_name,
    valued.value_tier,
    count(DISTINCT touch.customer_id) FILTER (WHERE touch.action = 'sent') AS sent_count,
    count(DISTINCT touch.customer_id) FILTER (WHERE touch.action = 'open' AND touch.is_machine IS NOT true)
        AS opened_count,
    count(DISTINCT touch.customer_id) FILTER (WHERE touch.action = 'click' AND touch.is_machine IS NOT true)
        AS clicked_count,
    round(clicked_count / nullif(sent_count, 0), 3) AS click_share,
    count(DISTINCT touch.customer_id) FILTER (WHERE touch.action = 'unsubscribe') AS unsubscribed_count,
    count(*) FILTER (WHERE touch.is_machine) AS machine_count
FROM main.fct_campaign_touch AS touch
LEFT JOIN main.customer_value AS valued USING (customer_id)
GROUP BY touch.campaign_id, valued.value_tier
ORDER BY touch.campaign_id, valued.value_tier
