-- question: Which campaigns do people answer? Machines that open and click are left out.
-- parameters: {}
-- tables: [main.fct_campaign_touch]
-- sources:
--   campaign_responses: mailings
-- example: c360 ask campaign_response
SELECT
    campaign_id,
    any_value(campaign_name) AS campaign_name,
    count(DISTINCT customer_id) FILTER (WHERE action = 'sent') AS sent_count,
    count(DISTINCT customer_id) FILTER (WHERE action = 'open' AND is_machine IS NOT true) AS opened_count,
    count(DISTINCT customer_id) FILTER (WHERE action = 'click' AND is_machine IS NOT true) AS clicked_count,
    round(clicked_count / nullif(sent_count, 0), 3) AS click_share,
    count(DISTINCT customer_id) FILTER (WHERE action = 'unsubscribe') AS unsubscribed_count,
    count(*) FILTER (WHERE is_machine) AS machine_count
FROM main.fct_campaign_touch
GROUP BY campaign_id
ORDER BY sent_count DESC, campaign_id
