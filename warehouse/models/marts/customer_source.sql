-- What each customer has from each kind of source. A customer without rows of a kind has no row for it.

{# Facts, and the moment of each that counts as its last. #}
{% set moments = {
    'orders': (ref('fct_order'), 'ordered_at'),
    'order_lines': (ref('fct_order_line'), 'ordered_at'),
    'payments': (ref('fct_payment'), 'occurred_at'),
    'shipments': (ref('fct_shipment'), 'coalesce(delivered_at, shipped_at)'),
    'tickets': (ref('fct_ticket'), 'coalesce(solved_at, opened_at)'),
    'campaign_responses': (ref('fct_campaign_touch'), 'occurred_at'),
    'web_registrations': (ref('fct_web_registration'), 'registered_at'),
} %}
{% set kinds = ['accounts', 'interactions', 'demographics'] + moments | list %}

with accounts as (
    select
        of_record.customer_id,
        account.created_at as occurred_at,
        account._landed_at as loaded_at,
        account._batch_id as batch_id
    from {{ source('staging', 'accounts') }} as account
    inner join {{ source('identity', 'customer_crosswalk') }} as of_record
        on of_record.source_record_key = account._source_system || '/accounts/' || account._key
    where not account._is_deleted
),

interactions as (
    select customer_id, occurred_at, loaded_at, batch_id
    from {{ ref('interaction') }}
    where source_kind = 'interactions'
),

demographics as (
    select customer_id, observed_at as occurred_at, _landed_at as loaded_at, _batch_id as batch_id
    from ({{ identified('demographics') }}) as profile
),

{% for kind, (fact, moment) in moments.items() -%}
{{ kind }} as (
    select customer_id, {{ moment }} as occurred_at, loaded_at, batch_id from {{ fact }}
),

{% endfor -%}

held as (
    select customer_id, entity as source_kind, count(*) as held_row_count
    from {{ ref('quarantine') }}
    where customer_id is not null and status = 'held'
    group by all
),

-- Batches are few and in order, so that the newest one of millions of rows is the greatest of numbers.
batches as (
    select batch_id, loaded_at, row_number() over (order by loaded_at, batch_id) as batch_no
    from (
        {%- for kind in kinds %}
        select batch_id, loaded_at from {{ kind }}
        group by all
        {{- ' union' if not loop.last }}
        {%- endfor %}
    )
),

counted as (
    {%- for kind in kinds %}
    select
        {{ kind }}.customer_id,
        '{{ kind }}' as source_kind,
        count(*) as row_count,
        max({{ kind }}.occurred_at) as last_event_at,
        max(batches.batch_no) as batch_no
    from {{ kind }}
    inner join batches on batches.batch_id = {{ kind }}.batch_id and batches.loaded_at = {{ kind }}.loaded_at
    where {{ kind }}.customer_id is not null
    group by {{ kind }}.customer_id
    {{- ' union all' if not loop.last }}
    {%- endfor %}
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
