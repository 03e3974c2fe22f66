-- question: Who sent us whom, and what did those spend? Each customer is credited to one who named them.
-- parameters: {}
-- tables: [main.influence]
-- sources:
--   web_registrations: who was named in a form
--   orders: orders
-- example: c360 ask referrals
SELECT
    influencer_customer_id AS customer_id,
    currency_code,
    count(*) AS referred_customer_count,
    sum(credited_amount) AS referred_net_amount
FROM main.influence
WHERE basis = 'referral'
GROUP BY influencer_customer_id, currency_code
ORDER BY currency_code, referred_net_amount DESC, customer_id
