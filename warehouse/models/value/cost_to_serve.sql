with period as (
    {{ last_days(var('value_days')) }}
),

contacts as (
    select
        'contacts' as cost_pool,
        customer_id,
        coalesce(topic, 'unknown') as topic,
        sum(
            case channel
                {%- for channel, minutes in var('contact_minutes').items() %}
                when '{{ channel }}' then {{ minutes }}
                {%- endfor %}
            end
        ) as driver_units
    from {{ ref('interaction') }}
    cross join period
    where
        source_kind = 'interactions' and direction is distinct from 'internal'
        and occurred_at >= period.since and occurred_at < period.until
    group by all
),

tickets as (
    select 'tickets' as cost_pool, customer_id, coalesce(topic, 'unknown') as topic, count(*) as driver_units
    from {{ ref('fct_ticket') }}
    cross join period
    where opened_at >= period.since and opened_at < period.until
    group by all
),

refunds as (
    select 'returns' as cost_pool, customer_id, null as topic, count(*) as driver_units
    from {{ ref('fct_order') }}
    cross join period
    where refund_amount > 0 and ordered_at >= period.since and ordered_at < period.until
    group by all
),

drivers as (
    select
        cost_pool,
        customer_id,
        topic,
        coalesce(customer_sales.currency_code, '{{ var('home_currency') }}') as currency_code,
        driver_units
    from (
        select * from contacts
        union all
        select * from tickets
        union all
        select * from refunds
    )
    left join (select * from {{ ref('customer_sales') }} where is_main_currency) as customer_sales using (customer_id)
),

-- By the largest remainder: every share is cut off at the cent, and the cents left over go to those who lost most.
exact as (
    select
        drivers.*,
        pool.amount * 100 as pool_cents,
        pool.amount * 100.0 * driver_units / sum(driver_units) over of_pool as cents
    from drivers
    left join {{ ref('cost_pool') }} as pool using (cost_pool, currency_code)
    window of_pool as (partition by cost_pool, currency_code)
),

shared as (
    select
        cost_pool,
        customer_id,
        topic,
        currency_code,
        driver_units,
        (
            floor(cents) + (
                row_number() over (
                    partition by cost_pool, currency_code order by cents - floor(cents) desc, customer_id, topic
                ) <= pool_cents - sum(floor(cents)) over (partition by cost_pool, currency_code)
            )::integer
        ) / 100 as amount,
        cents is not null as is_complete
    from exact
),

freight as (
    select
        'freight' as cost_pool,
        customer_id,
        null as topic,
        currency_code,
        coalesce(sum(freight_amount), 0) as driver_units,
        coalesce(sum(freight_amount), 0) as amount,
        count(*) = count(freight_amount) as is_complete
    from ({{ parcels_charged(ref('fct_shipment'), ref('fct_order')) }})
    group by all
),

-- Money of a pool that nobody gave cause for stays whole, with nobody.
idle as (
    select pool.cost_pool, null as customer_id, null as topic, pool.currency_code, 0 as driver_units, pool.amount, true as is_complete
    from {{ ref('cost_pool') }} as pool
    anti join drivers using (cost_pool, currency_code)
    where pool.cost_pool != 'freight'
)

select
    concat_ws('|', cost_pool, currency_code, coalesce(customer_id, ''), coalesce(topic, '')) as cost_to_serve_key,
    customer_id,
    cost_pool,
    topic,
    currency_code,
    driver_units::double as driver_units,
    amount::decimal(18, 2) as amount,
    is_complete
from (
    select * from shared
    union all
    select * from freight
    union all
    select * from idle
)
