-- question: Which campaigns do people of each value tier answer? Machines that open and click are left out.
-- parameters: {}
-- tables: [main.fct_campaign_touch, main.customer_value, main.dim_campaign]
-- sources:
--   campaign_responses: mailings
--   orders: value tiers
-- example: c360 ask campaign_response
-- One number for what somebody did: an aggregate for each deed of millions of people takes a fifth longer.
WITH answered AS (
    SELECT
        source_system, campaign_id, customer_id,
        bit_or(
            CASE
                WHEN action = 'sent' THEN 1
                WHEN action = 'unsubscribe' THEN 2
                WHEN is_machine THEN 0
                WHEN action = 'open' THEN 4
                WHEN action = 'click' THEN 8
                ELSE 0
            END
        ) AS deeds,
        count(*) FILTER (WHERE is_machine) AS machine_count
    FROM main.fct_campaign_touch
    GROUP BY ALL
),

counted AS (
    SELECT
        answered.source_system, answered.campaign_id, valued.value_tier,
        count(customer_id) FILTER (WHERE answered.deeds & 1 <> 0) AS sent_count,
        count(customer_id) FILTER (WHERE answered.deeds & 4 <> 0) AS opened_count,
        count(customer_id) FILTER (WHERE answered.deeds & 8 <> 0) AS clicked_count,
        count(customer_id) FILTER (WHERE answered.deeds & 2 <> 0) AS unsubscribed_count,
        CAST(sum(answered.machine_count) AS BIGINT) AS machine_count
    FROM answered
    LEFT JOIN main.customer_value AS valued USING (customer_id)
    GROUP BY ALL
)

SELECT
    counted.campaign_id,
    campaign.campaign_name,
    counted.value_tier,
    counted.sent_count,
    counted.opened_count,
    counted.clicked_count,
    round(counted.clicked_count / nullif(counted.sent_count, 0), 3) AS click_share,
    counted.unsubscribed_count,
    counted.machine_count
FROM counted
INNER JOIN main.dim_campaign AS campaign USING (source_system, campaign_id)
ORDER BY counted.campaign_id, counted.value_tier
