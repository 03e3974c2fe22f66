with known_records as (
    select 'orders' as entity, order_key as record_key, customer_id from {{ ref('fct_order') }}
    union all
    select 'order_lines', order_line_key, customer_id from {{ ref('fct_order_line') }}
    union all
    select 'payments', payment_key, customer_id from {{ ref('fct_payment') }}
    union all
    select 'shipments', shipment_key, customer_id from {{ ref('fct_shipment') }}
    union all
    select 'tickets', ticket_key, customer_id from {{ ref('fct_ticket') }}
    union all
    select 'campaign_responses', touch_key, customer_id from {{ ref('fct_campaign_touch') }}
    union all
    select 'web_registrations', registration_key, customer_id from {{ ref('fct_web_registration') }}
),

held as (
    select
        *,
        source_system || '/' || _key as record_key,
        source_system || '/' || entity || '/' || _key as source_record_key
    from {{ source('quarantine', 'held_row') }}
)

select
    held.held_id,
    held.feed,
    held.entity,
    held.source_system,
    held._key as record_id,
    coalesce(of_record.customer_id, known_records.customer_id) as customer_id,
    held.batch_id,
    held.row_number,
    held.rules,
    held.reasons,
    held.first_held_at,
    held.status,
    held.settled_at,
    held.settled_by,
    held.settled_reason
from held
left join {{ source('identity', 'customer_crosswalk') }} as of_record
    on of_record.source_record_key = held.source_record_key
left join known_records
    on known_records.entity = held.entity and known_records.record_key = held.record_key
