-- question: Where does bad data enter, by employee and field; and what do we collect that nothing reads?
-- parameters: {}
-- tables: [ops.entry_quality, ops.column_usage]
-- sources:
--   interactions: entries by employee
--   orders: entries by employee
--   tickets: entries by employee
-- example: c360 ask bad_entries
WITH week AS (
    SELECT employee_id, feed, week_start, any_value(record_count) AS record_count
    FROM ops.entry_quality
    GROUP BY ALL
),
entered AS (
    SELECT employee_id, feed, sum(record_count) AS record_count
    FROM week
    GROUP BY ALL
)
SELECT kind, item, rate, record_count
FROM (
    SELECT
        'entry' AS kind,
        employee_id || ' ' || feed || '.' || field_name AS item,
        sum(missing_count + invalid_count) / entered.record_count AS rate,
        entered.record_count
    FROM ops.entry_quality
    JOIN entered USING (employee_id, feed)
    GROUP BY employee_id, feed, field_name, entered.record_count
    UNION ALL
    SELECT 'unused', feed || '.' || column_name, fill_rate, row_count
    FROM ops.column_usage
    WHERE NOT is_used
)
ORDER BY kind, rate DESC NULLS LAST, item
