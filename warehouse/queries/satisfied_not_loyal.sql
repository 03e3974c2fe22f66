-- question: Who is satisfied with us and yet comes back less than before?
-- parameters: {}
-- tables: [main.customer_health, main.buying_rhythm, main.dim_customer]
-- sources:
--   orders: loyalty
--   tickets: ratings
--   interactions: complaints and praise
-- example: c360 ask satisfied_not_loyal
SELECT
    health.customer_id,
    customer.display_name,
    health.satisfaction_score,
    health.loyalty_score,
    rhythm.days_since_last_order,
    rhythm.patience_days AS usual_silence_days
FROM main.customer_health AS health
INNER JOIN main.dim_customer AS customer USING (customer_id)
INNER JOIN main.buying_rhythm AS rhythm USING (customer_id)
WHERE health.quadrant = 'satisfied_not_loyal'
ORDER BY health.satisfaction_score DESC, health.customer_id
