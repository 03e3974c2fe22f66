-- question: Which parcels went against what the customer had wished of deliveries by then?
-- parameters:
--   customer: {type: VARCHAR, default: null, meaning: "any id that the customer ever had; all customers when none is given"}
--   verdict: {type: VARCHAR, default: against, meaning: "against, kept, or unknown where the carrier does not tell"}
-- tables: [main.delivery_check, main.fct_shipment, main.statement, main.dim_customer, identity.customer_id_redirect]
-- sources:
--   interactions: wishes of customers
--   shipments: parcels
-- example: c360 ask parcels_against_wishes
SELECT
    parcel.shipped_at, parcel.customer_id, parcel.shipment_id, parcel.carrier, held.aspect,
    if(held.is_wanted, held.wish, 'not ' || held.wish) AS wish, held.found, held.verdict, statement.stated_at,
    statement.statement_text, held.returned_at
FROM main.delivery_check AS held
JOIN main.fct_shipment AS parcel USING (shipment_key)
JOIN main.statement AS statement ON statement.statement_id = held.statement_id
WHERE held.verdict = $verdict AND ($customer IS NULL OR parcel.customer_id = current_customer_id($customer))
ORDER BY parcel.shipped_at, parcel.shipment_key, held.aspect, wish
