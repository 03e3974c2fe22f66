-- question: What did customers let us know that nobody has acted on, and who should have?
-- parameters: {}
-- tables: [main.customer_insight]
-- sources:
--   interactions: remarks, and what was done about them
-- example: c360 ask remarks_nobody_took_up
SELECT topic, routed_to, count(*) AS remark_count, count(DISTINCT customer_id) AS customer_count, min(captured_at) AS oldest_at
FROM main.customer_insight
WHERE acted_on_at IS NULL
GROUP BY topic, routed_to
ORDER BY remark_count DESC, topic
