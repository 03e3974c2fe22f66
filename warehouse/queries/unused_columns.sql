-- question: Which part of what each source gives us does nothing read, and was it more on the first day we kept?
-- parameters: {}
-- tables: [ops.source_usage, ops.source_usage_history]
-- sources: {}
-- example: c360 ask unused_columns
SELECT
    today.source_system, today.column_count, today.unused_count, today.unused_share,
    min(kept.as_of_date) AS first_kept_on, min_by(kept.unused_share, kept.as_of_date) AS first_kept_share
FROM ops.source_usage AS today
LEFT JOIN ops.source_usage_history AS kept USING (source_system)
GROUP BY ALL
ORDER BY today.unused_share DESC, today.source_system
