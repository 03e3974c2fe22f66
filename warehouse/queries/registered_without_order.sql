-- question: Who registered lately and has not ordered?
-- parameters:
--   days: {type: INTEGER, default: 90, meaning: days before the snapshot}
-- tables: [main.fct_web_registration, main.fct_order, main.dim_customer, ops.snapshot]
-- sources:
--   web_registrations: registrations
--   orders: orders
-- example: c360 ask registered_without_order --param days=30
SELECT
    registration.customer_id, customer.display_name, max(registration.registered_at) AS last_registered_at,
    list(DISTINCT registration.form_name ORDER BY registration.form_name) AS forms, customer.has_marketing_consent
FROM main.fct_web_registration AS registration
CROSS JOIN ops.snapshot AS snapshot
INNER JOIN main.dim_customer AS customer USING (customer_id)
ANTI JOIN (SELECT customer_id FROM main.fct_order WHERE NOT is_cancelled) AS sale
    ON sale.customer_id = registration.customer_id
WHERE registration.registered_at >= snapshot.snapshot_at - to_days($days)
GROUP BY ALL
ORDER BY last_registered_at DESC, registration.customer_id
