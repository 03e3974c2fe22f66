-- Which carriers deliver on time, and do late parcels make customers open tickets within two weeks of the promise?
WITH parcel AS (
    SELECT carrier, shipment_key, customer_id, is_late, promised_delivery_at
    FROM fct_shipment
    WHERE is_late IS NOT NULL AND status IS DISTINCT FROM 'voided'
),
complained AS (
    SELECT DISTINCT parcel.shipment_key
    FROM parcel
    JOIN fct_ticket AS ticket
        ON ticket.customer_id = parcel.customer_id
        AND ticket.opened_at >= parcel.promised_delivery_at
        AND ticket.opened_at < parcel.promised_delivery_at + INTERVAL 14 DAY
)
SELECT
    parcel.carrier,
    count(*) AS parcels,
    avg((NOT parcel.is_late)::INT) AS on_time_share,
    avg((complained.shipment_key IS NOT NULL)::INT) FILTER (parcel.is_late) AS ticket_share_when_late,
    avg((complained.shipment_key IS NOT NULL)::INT) FILTER (NOT parcel.is_late) AS ticket_share_when_on_time
FROM parcel
LEFT JOIN complained USING (shipment_key)
GROUP BY parcel.carrier
ORDER BY parcel.carrier
