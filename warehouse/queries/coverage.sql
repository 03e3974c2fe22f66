-- question: How many customers does each system know, and how many nobody else?
-- parameters: {}
-- tables: [main.dim_customer]
-- sources:
--   accounts: accounts
-- example: c360 ask coverage
WITH known AS (
    SELECT customer_id, source_count, unnest(sources) AS source_system
    FROM main.dim_customer
)

SELECT
    source_system,
    count(*) AS customer_count,
    count(*) FILTER (WHERE source_count = 1) AS known_here_alone_count,
    round(count(*) / (SELECT count(*) FROM main.dim_customer), 3) AS customer_share
FROM known
GROUP BY source_system
ORDER BY customer_count DESC, source_system
