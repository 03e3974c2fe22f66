-- question: Which part of what each source gives us does nothing read?
-- parameters: {}
-- tables: [ops.column_usage]
-- sources: {}
-- example: c360 ask unused_columns
SELECT
    source_system,
    count(*) AS column_count,
    count(*) FILTER (NOT is_used) AS unused_columns,
    unused_columns / column_count AS unused_share
FROM ops.column_usage
GROUP BY source_system
ORDER BY unused_share DESC, source_system
