-- question: What came after the things we suggested, by rule?
-- parameters: {}
-- tables: [main.suggestion_outcome]
-- sources:
--   interactions: contacts with customers
--   orders: orders
-- example: c360 ask what_suggestions_led_to
SELECT
    rule_id,
    count(*) AS suggestion_count,
    count(*) FILTER (WHERE outcome = 'contacted_and_ordered') AS contacted_and_ordered_count,
    count(*) FILTER (WHERE outcome = 'ordered') AS ordered_count,
    count(*) FILTER (WHERE outcome = 'contacted') AS contacted_count,
    count(*) FILTER (WHERE outcome = 'nothing') AS nothing_count,
    count(*) FILTER (WHERE outcome = 'open') AS open_count
FROM main.suggestion_outcome
GROUP BY rule_id
ORDER BY suggestion_count DESC, rule_id
