-- question: Which sources are late right now, and how many customers does each make stale?
-- parameters: {}
-- tables: [ops.feed_status, main.customer_source]
-- sources: {}
-- example: c360 ask late_sources
SELECT
    feed.feed, feed.status_now, feed.as_of, feed.promise_seconds // 60 AS promised_minutes,
    feed.verified_age_seconds // 60 AS verified_minutes_ago,
    coalesce(known.customer_count, 0) AS customer_count, feed.owner, feed.status_reason
FROM ops.feed_status AS feed
LEFT JOIN (
    -- A customer has one row of each kind.
    SELECT source_kind, count(*) AS customer_count FROM main.customer_source GROUP BY source_kind
) AS known ON known.source_kind = feed.entity
WHERE feed.status_now NOT IN ('FRESH', 'IDLE')
ORDER BY customer_count DESC, feed.feed
