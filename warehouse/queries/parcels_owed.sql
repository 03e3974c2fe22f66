-- question: Which parcels are overdue and still on their way, by carrier?
-- parameters:
--   carrier: {type: VARCHAR, default: null, meaning: a carrier; all when none is given}
-- tables: [main.fct_shipment]
-- sources:
--   shipments: parcels
-- example: c360 ask parcels_owed
SELECT carrier, shipment_id, customer_id, order_id, promised_delivery_at, round(late_hours, 1) AS late_hours, status
FROM main.fct_shipment
WHERE is_late AND is_undelivered AND ($carrier IS NULL OR carrier = $carrier)
ORDER BY carrier, late_hours DESC, shipment_key
