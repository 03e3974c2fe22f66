-- question: What might we do for whom now, why, and may we make the first move?
-- parameters:
--   kind: {type: VARCHAR, default: null, meaning: "call, ask or offer; all when none is given"}
-- tables: [main.suggestion, main.dim_customer]
-- sources:
--   orders: orders
--   order_lines: goods
--   shipments: late parcels
--   interactions: who was spoken with
--   accounts: consent
-- example: c360 ask to_do_now --param kind=call
SELECT
    suggestion.customer_id, customer.display_name, suggestion.suggestion_kind, suggestion.rule_id, suggestion.reason,
    suggestion.since, suggestion.is_permitted
FROM main.suggestion AS suggestion
INNER JOIN main.dim_customer AS customer USING (customer_id)
WHERE $kind IS NULL OR suggestion.suggestion_kind = $kind
ORDER BY suggestion.suggestion_kind, suggestion.since DESC NULLS LAST, suggestion.suggestion_key
