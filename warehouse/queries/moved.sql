-- question: Which customers have another address than before?
-- parameters:
--   days: {type: INTEGER, default: 90, meaning: days before the snapshot}
-- tables: [main.dim_customer_history, ops.snapshot]
-- sources:
--   accounts: accounts
-- example: c360 ask moved --param days=30
WITH told AS (
    SELECT
        customer_id, street, city, postal_code, country, valid_from,
        lag([street, city, postal_code, country]) OVER period AS address_before,
        row_number() OVER period AS period_number
    FROM main.dim_customer_history
    WINDOW period AS (PARTITION BY customer_id ORDER BY valid_from)
)

SELECT
    told.customer_id, told.valid_from AS changed_at, told.address_before[2] AS city_before, told.city,
    told.address_before[3] AS postal_code_before, told.postal_code, told.country
FROM told
CROSS JOIN ops.snapshot AS snapshot
WHERE
    told.period_number > 1
    AND [told.street, told.city, told.postal_code, told.country] IS DISTINCT FROM told.address_before
    AND told.valid_from >= snapshot.snapshot_at - to_days($days)
ORDER BY changed_at DESC, told.customer_id
