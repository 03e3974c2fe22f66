with today as (
    select snapshot_at from {{ ref('snapshot') }}
),

spoken as (
    select contact.customer_id, max(contact.occurred_at) as last_spoken_at
    from {{ ref('interaction') }} as contact
    where contact.source_kind = 'interactions' and contact.direction = 'inbound' and contact.customer_id is not null
    group by contact.customer_id
),

late_parcels as (
    select
        parcel.customer_id,
        'call_before_complaint' as rule_id,
        'call' as suggestion_kind,
        'shipment' as subject_type,
        parcel.shipment_key as subject_key,
        concat(
            'A parcel promised for ', parcel.promised_delivery_at::date,
            case
                when fed.has_interactions then ' has not arrived, and the customer has not asked for it yet.'
                else ' has not arrived. Whether the customer has asked for it is not known: no contact was ever read.'
            end
        ) as reason,
        parcel.promised_delivery_at as since
    from {{ ref('fct_shipment') }} as parcel
    cross join ({{ fed(['interactions']) }}) as fed
    left join spoken on spoken.customer_id = parcel.customer_id
    where
        parcel.customer_id is not null and parcel.is_late and parcel.is_undelivered
        and (spoken.last_spoken_at < parcel.promised_delivery_at or spoken.last_spoken_at is null)
),

lapsing as (
    select
        stage.customer_id,
        'call_who_fell_silent',
        'call',
        'order',
        stage.order_key,
        concat('No order since ', rhythm.last_order_at::date, ', longer than usual for this customer.'),
        stage.entered_at
    from {{ ref('lifecycle_event') }} as stage
    cross join today
    inner join {{ ref('buying_rhythm') }} as rhythm on rhythm.customer_id = stage.customer_id
    where
        stage.is_current and stage.stage = 'lapsing'
        and stage.entered_at > today.snapshot_at - interval {{ var('lapsing_call_days') }} day
),

gaps as (
    select
        customer_id,
        'ask_about_category_gap',
        'ask',
        'category',
        array_to_string(categories_bought, ', '),
        concat(
            'Bought only ', array_to_string(categories_bought, ' and '), ' on ',
            order_day_count, ' days. Ask why: it is not known.'
        ),
        null
    from {{ ref('category_gap') }}
    where is_gap and reason_stated is null
),

reference_asks as (
    select
        customer_id,
        'ask_for_a_reference',
        'ask',
        'customer',
        customer_id,
        'Satisfied, loyal, and nothing speaks against asking for a reference.',
        null
    from {{ ref('customer_health') }}
    where is_reference_ready and quadrant = 'satisfied_loyal'
),

{%- for rule in var('companion_goods') %}

{{ rule.rule_id }} as (
    select
        customer_id,
        '{{ rule.rule_id }}',
        'offer',
        'product',
        '{{ rule.offer }}',
        concat('Bought ', any_value(product_name) filter (where sku = '{{ rule.bought }}'), ': {{ rule.because }}.'),
        max(ordered_at) filter (where sku = '{{ rule.bought }}')
    from {{ ref('fct_order_line') }}
    cross join today
    where
        customer_id is not null and not is_order_cancelled and sku in ('{{ rule.bought }}', '{{ rule.offer }}')
        and ordered_at > today.snapshot_at - interval {{ rule.days }} day
    group by customer_id
    having bool_and(sku = '{{ rule.bought }}')
),
{%- endfor %}

suggested as (
    select * from late_parcels
    union all
    select * from lapsing
    union all
    select * from gaps
    union all
    select * from reference_asks
    {%- for rule in var('companion_goods') %}
    union all
    select * from {{ rule.rule_id }}
    {%- endfor %}
)

,

-- Consent for each way of making the first move: a call needs the telephone, all else any channel that reaches one customer.
allowed as (
    select
        customer_id,
        bool_or(status = 'granted') filter (where channel = 'phone') as is_call_granted,
        bool_and(status = 'refused') filter (where channel = 'phone') as is_call_refused,
        bool_or(status = 'granted') as is_any_granted,
        bool_and(status = 'refused') as is_all_refused
    from {{ ref('consent_current') }}
    where purpose = 'marketing'
    group by customer_id
)

select
    rule_id || ':' || customer_id || ':' || subject_key as suggestion_key,
    customer_id,
    suggestion_kind,
    rule_id,
    subject_type,
    subject_key,
    reason,
    since,
    case
        -- To tell of a parcel that is late serves the order and is no marketing.
        when rule_id = 'call_before_complaint' then true
        when suggestion_kind = 'call' then
            case when is_call_granted then true when is_call_refused then false end
        when is_any_granted then true
        when is_all_refused then false
    end as is_permitted
from suggested
left join allowed using (customer_id)
