-- question: How often are customers looked up and questions asked, week by week?
-- parameters: {}
-- tables: [ops.command_use]
-- sources: {}
-- example: c360 ask who_looks
SELECT
    CAST(date_trunc('week', asked_on) AS DATE) AS week_start,
    command,
    sum(use_count) AS use_count,
    count(*) AS day_count,
    max(user_count) AS most_users_in_a_day
FROM ops.command_use
GROUP BY ALL
ORDER BY week_start DESC, use_count DESC, command
