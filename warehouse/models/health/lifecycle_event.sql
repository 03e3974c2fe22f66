-- Where each customer entered a stage, and by which event: something that happened, or a silence that lasted too long.
with known as (
    {{ known_until('orders') }}
),

silences as (
    select
        day.customer_id,
        day.day_number,
        day.ordered_at,
        day.order_key,
        day.ordered_at + to_days(ceil({{ var('lapsing_after_gaps') }} * day.patience_days)::int) as lapsing_at,
        day.ordered_at + to_days(ceil({{ var('lapsed_after_gaps') }} * day.patience_days)::int) as lapsed_at,
        coalesce(lead(day.ordered_at) over (partition by day.customer_id order by day.day_number), known.known_at) as until
    from {{ ref('order_day') }} as day
    cross join known
),

-- The stage that an order opens depends on the silence before it.
orders as (
    select
        *,
        until > lapsing_at as is_lapsing,
        until > lapsed_at as is_lapsed,
        coalesce(lag(until > lapsing_at) over so_far, false) as was_lapsing,
        case
            when day_number = 1 then 'new'
            when lag(until > lapsed_at) over so_far then 'won_back'
            else 'active'
        end as stage
    from silences
    window so_far as (partition by customer_id order by day_number)
),

opened as (
    select *, lag(stage) over (partition by customer_id order by day_number) as former_stage
    from orders
),

first_events as (
    select customer_id, first_seen_at as occurred_at, 'first_seen' as event_type
    from {{ ref('dim_customer') }}
    where first_seen_at is not null
    union all
    select customer_id, min(occurred_at), 'first_interaction'
    from {{ ref('interaction') }}
    where customer_id is not null
    group by customer_id
),

first_seen as (
    select customer_id, min(occurred_at) as entered_at, arg_min(event_type, row(occurred_at, event_type)) as by_event
    from first_events
    group by customer_id
),

entered as (
    select
        first_seen.customer_id,
        'prospect' as stage,
        first_seen.entered_at,
        first_seen.by_event,
        null as order_key
    from first_seen
    left join opened on opened.customer_id = first_seen.customer_id and opened.day_number = 1
    where opened.customer_id is null or first_seen.entered_at < opened.ordered_at
    union all
    select customer_id, stage, ordered_at, 'order_placed', order_key
    from opened
    where was_lapsing or stage is distinct from former_stage
    union all
    select customer_id, 'lapsing', lapsing_at, 'silence', order_key
    from opened
    where is_lapsing
    union all
    select customer_id, 'lapsed', lapsed_at, 'silence', order_key
    from opened
    where is_lapsed
)

select
    customer_id || '/' || row_number() over so_far as lifecycle_event_key,
    customer_id,
    lag(stage) over so_far as from_stage,
    stage,
    entered_at,
    lead(entered_at) over so_far as left_at,
    by_event,
    order_key,
    left_at is null as is_current
from entered
window so_far as (partition by customer_id order by entered_at)
