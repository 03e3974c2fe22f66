-- question: What should we ask each customer at the next contact?
-- parameters:
--   customer: {type: VARCHAR, default: null, meaning: "any id that the customer ever had; all customers when none is given"}
-- tables: [main.ask_next, main.dim_customer, identity.customer_id_redirect]
-- sources:
--   accounts: contact points, consent and preferred channels
--   order_lines: categories that are left out
--   interactions: reasons that were told
-- example: c360 ask ask_next --param customer=C0000000000000
SELECT customer_id, about, question, unknown_count
FROM main.ask_next
WHERE $customer IS NULL OR customer_id = current_customer_id($customer)
ORDER BY unknown_count DESC, customer_id
