-- question: Which campaigns do people of each value tier answer? Machines that open and click are left out.
-- parameters: {}
-- tables: [main.fct_campaign_touch, main.customer_value]
-- sources:
--   campaign_responses: mailings
--   orders: value tiers
-- example: c360 ask campaign_response
WITH answered AS (
    SELECT
        campaign_id, customer_id, any_value(campaign_name) AS campaign_name,
        bool_or(action = 'sent') AS is_sent,
        bool_or(action = 'open' AND is_machine IS NOT true) AS has_opened,
        bool_or(action = 'click' AND is_machine IS NOT true) AS has_clicked,
        bool_or(action = 'unsubscribe') AS has_unsubscribed,
        count(*) FILTER (WHERE is_machine) AS machine_count
    FROM main.fct_campaign_touch
    GROUP BY campaign_id, customer_id
)
SELECT
    answered.campaign_id,
    any_value(answered.campaign_name) AS campaign_name,
    valued.value_tier,
    count(customer_id) FILTER (WHERE answered.is_sent) AS sent_count,
    count(customer_id) FILTER (WHERE answered.has_opened) AS opened_count,
    count(customer_id) FILTER (WHERE answered.has_clicked) AS clicked_count,
    round(clicked_count / nullif(sent_count, 0), 3) AS click_share,
    count(customer_id) FILTER (WHERE answered.has_unsubscribed) AS unsubscribed_count,
    CAST(sum(answered.machine_count) AS BIGINT) AS machine_count
FROM answered
LEFT JOIN main.customer_value AS valued USING (customer_id)
GROUP BY answered.campaign_id, valued.value_tier
ORDER BY answered.campaign_id, valued.value_tier
