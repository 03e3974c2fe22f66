-- What each customer has from each kind of source. A customer without rows of a kind has no row for it.

with events as (
    select
        of_record.customer_id,
        'accounts' as source_kind,
        account.created_at as occurred_at,
        account._landed_at as loaded_at,
        account._batch_id as batch_id
    from {{ source('staging', 'accounts') }} as account
    inner join {{ source('identity', 'customer_crosswalk') }} as of_record
        on of_record.source_record_key = account._source_system || '/accounts/' || account._key
    where not account._is_deleted
    union all
    select customer_id, 'orders', ordered_at, loaded_at, batch_id from {{ ref('fct_order') }}
    union all
    select customer_id, 'order_lines', ordered_at, loaded_at, batch_id from {{ ref('fct_order_line') }}
    union all
    select customer_id, 'payments', occurred_at, loaded_at, batch_id from {{ ref('fct_payment') }}
    union all
    select customer_id, 'shipments', coalesce(delivered_at, shipped_at), loaded_at, batch_id from {{ ref('fct_shipment') }}
    union all
    select customer_id, 'tickets', coalesce(solved_at, opened_at), loaded_at, batch_id from {{ ref('fct_ticket') }}
    union all
    select customer_id, 'interactions', occurred_at, loaded_at, batch_id
    from {{ ref('interaction') }}
    where source_kind = 'interactions'
    union all
    select customer_id, 'campaign_responses', occurred_at, loaded_at, batch_id from {{ ref('fct_campaign_touch') }}
    union all
    select customer_id, 'web_registrations', registered_at, loaded_at, batch_id from {{ ref('fct_web_registration') }}
    union all
    select customer_id, 'demographics', observed_at, _landed_at, _batch_id
    from ({{ identified('demographics') }}) as profile
),

held as (
    select customer_id, entity as source_kind, count(*) as held_row_count
    from {{ ref('quarantine') }}
    where customer_id is not null and status = 'held'
    group by all
),

-- Batches are few and in order, so that the newest one of millions of rows is the greatest of numbers.
batches as (
    select batch_id, loaded_at, row_number() over (order by loaded_at, batch_id) as batch_no
    from (select distinct batch_id, loaded_at from events)
),

counted as (
    select
        events.customer_id,
        events.source_kind,
        count(*) as row_count,
        max(events.occurred_at) as last_event_at,
        max(batches.batch_no) as batch_no
    from events
    inner join batches on batches.batch_id = events.batch_id and batches.loaded_at = events.loaded_at
    where events.customer_id is not null
    group by all
)

select
    customer_id || '/' || source_kind as customer_source_key,
    customer_id,
    source_kind,
    coalesce(counted.row_count, 0) as row_count,
    counted.last_event_at,
    batches.loaded_at as row_loaded_at,
    batches.batch_id,
    coalesce(held.held_row_count, 0) as held_row_count
from counted
full join held using (customer_id, source_kind)
left join batches using (batch_no)
