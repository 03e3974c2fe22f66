with shipments as (
    {{ identified('shipments') }}
),

-- Nothing is known about a parcel after the moment its feed was last read: a promise that ends later is not yet broken.
known_until as (
    select mark.feed, least(snapshot.snapshot_at, coalesce(mark.verified_at, mark.as_of, snapshot.snapshot_at)) as known_at
    from {{ ref('feed_mark') }} as mark
    cross join {{ ref('snapshot') }} as snapshot
),

parcels as (
    select
        shipments.*,
        coalesce(known_until.known_at, snapshot.snapshot_at) as known_at,
        shipments.delivered_at is null and shipments.status is distinct from 'delivered'
        and shipments.status is distinct from 'returned' and shipments.status is distinct from 'voided' as is_undelivered
    from shipments
    cross join {{ ref('snapshot') }} as snapshot
    left join known_until on known_until.feed = shipments._feed
),

judged as (
    select
        *,
        case
            when promised_delivery_at is null then null
            when status = 'voided' then false
            when delivered_at is not null then delivered_at > promised_delivery_at
            when is_undelivered then known_at > promised_delivery_at
        end as is_late
    from parcels
)

select
    {{ own_key('judged') }} as shipment_key,
    judged.shipment_id,
    judged._source_system as source_system,
    coalesce(judged.customer_id, its_order.customer_id) as customer_id,
    {{ order_reference('judged') }} as order_key,
    judged.order_id,
    judged.carrier,
    judged.tracking_number,
    judged.service_level,
    judged.delivery_place,
    judged.country,
    judged.shipped_at,
    judged.promised_delivery_at,
    judged.delivered_at,
    judged.status,
    judged.is_undelivered,
    judged.is_late,
    case
        when judged.is_late
            then (epoch(coalesce(judged.delivered_at, judged.known_at)) - epoch(judged.promised_delivery_at)) / 3600.0
    end::double as late_hours,
    judged.freight_amount,
    judged._changed_at as source_updated_at,
    judged._batch_id as batch_id,
    judged._landed_at as loaded_at
from judged
left join {{ ref('fct_order') }} as its_order on its_order.order_key = {{ order_reference('judged') }}
-- By customer, so that a reader of one customer reads one part of the file.
order by judged.customer_id
