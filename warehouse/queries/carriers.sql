-- question: How punctual is each carrier, and do late parcels bring tickets?
-- parameters:
--   days: {type: INTEGER, default: 14, meaning: days after the promised delivery within which a ticket counts}
-- tables: [main.fct_shipment, main.fct_ticket]
-- sources:
--   shipments: parcels
--   tickets: tickets
-- example: c360 ask carriers --param days=7
WITH judged AS (
    SELECT
        parcel.shipment_key,
        parcel.carrier,
        parcel.is_late,
        count(DISTINCT ticket.ticket_key) AS ticket_count
    FROM main.fct_shipment AS parcel
    LEFT JOIN main.fct_ticket AS ticket
        ON ticket.customer_id = parcel.customer_id
        AND ticket.opened_at >= parcel.promised_delivery_at
        AND ticket.opened_at < parcel.promised_delivery_at + to_days($days)
    WHERE parcel.is_late IS NOT NULL AND parcel.promised_delivery_at IS NOT NULL
    GROUP BY ALL
)

SELECT
    carrier,
    count(*) AS parcel_count,
    count(*) FILTER (WHERE is_late) AS late_count,
    round(avg(CAST(NOT is_late AS INTEGER)), 3) AS on_time_share,
    count(*) FILTER (WHERE is_late AND ticket_count > 0) AS late_with_ticket_count,
    count(*) FILTER (WHERE NOT is_late AND ticket_count > 0) AS punctual_with_ticket_count
FROM judged
GROUP BY carrier
ORDER BY parcel_count DESC, carrier
