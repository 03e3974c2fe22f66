-- question: Which rules keep rows out, and since when?
-- parameters: {}
-- tables: [ops.quarantine]
-- sources: {}
-- example: c360 ask quarantined_by_rule
WITH broken AS (
    SELECT feed, held_id, customer_id, first_held_at, unnest(rules) AS rule, unnest(reasons) AS reason
    FROM ops.quarantine
    WHERE status = 'held'
)

SELECT
    feed, rule, any_value(reason) AS reason, count(*) AS row_count, count(DISTINCT customer_id) AS customer_count,
    min(first_held_at) AS oldest_held_at
FROM broken
GROUP BY feed, rule
ORDER BY row_count DESC, feed, rule
