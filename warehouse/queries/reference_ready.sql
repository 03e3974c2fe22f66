-- question: Who may be asked for a reference now, and who may not and why?
-- parameters: {}
-- tables: [main.reference_guard, main.dim_customer]
-- sources:
--   orders: last orders
--   shipments: late parcels
--   tickets: open tickets and ratings
--   interactions: complaints, promises and instructions
-- example: c360 ask reference_ready
SELECT
    guard.customer_id,
    customer.display_name,
    guard.is_reference_ready,
    array_to_string(guard.reference_block_reasons, '; ') AS why_not
FROM main.reference_guard AS guard
INNER JOIN main.dim_customer AS customer USING (customer_id)
ORDER BY guard.is_reference_ready DESC NULLS LAST, guard.customer_id
