-- Where each customer entered a stage, and by which event: something that happened, or a silence that lasted too long.
with known as (
    {{ known_until('orders') }}
),

limits as (
    select
        customer_id,
        day_number,
        ordered_at,
        order_key,
        ordered_at + to_days(ceil({{ var('lapsing_after_gaps') }} * patience_days)::int) as lapsing_at,
        ordered_at + to_days(ceil({{ var('lapsed_after_gaps') }} * patience_days)::int) as lapsed_at
    from {{ ref('order_day') }}
),

-- Which stage an order opens depends on the silence before it, and so does the stage that was left.
orders as (
    select
        *,
        coalesce(lead(ordered_at) over so_far, known.known_at) as silent_until,
        coalesce(ordered_at > lag(lapsing_at) over so_far, false) as was_lapsing,
        coalesce(ordered_at > lag(lapsed_at) over so_far, false) as was_lapsed,
        coalesce(lag(ordered_at) over so_far > lag(lapsed_at, 2) over so_far, false) as was_won_back
    from limits
    cross join known
    window so_far as (partition by customer_id order by day_number)
),

first_interactions as (
    select customer_id, min(occurred_at) as first_interaction_at
    from {{ ref('interaction') }}
    where customer_id is not null
    group by customer_id
),

first_seen as (
    select
        customer.customer_id,
        least(customer.first_seen_at, interaction.first_interaction_at) as entered_at,
        case
            when interaction.first_interaction_at <= coalesce(customer.first_seen_at, 'infinity') then 'first_interaction'
            else 'first_seen'
        end as by_event
    from {{ ref('dim_customer') }} as customer
    left join first_interactions as interaction using (customer_id)
),

entered as (
    select
        first_seen.customer_id,
        'prospect' as stage,
        first_seen.entered_at,
        first_seen.by_event,
        null as order_key
    from first_seen
    left join orders on orders.customer_id = first_seen.customer_id and orders.day_number = 1
    where
        first_seen.entered_at is not null
        and (orders.customer_id is null or first_seen.entered_at < orders.ordered_at)
    union all
    select
        customer_id,
        case when day_number = 1 then 'new' when was_lapsed then 'won_back' else 'active' end,
        ordered_at,
        'order_placed',
        order_key
    from orders
    where day_number <= 2 or was_lapsing or was_won_back
    union all
    select customer_id, 'lapsing', lapsing_at, 'silence', order_key
    from orders
    where silent_until > lapsing_at
    union all
    select customer_id, 'lapsed', lapsed_at, 'silence', order_key
    from orders
    where silent_until > lapsed_at
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
-- By customer, so that a reader of one customer reads one part of the file.
order by customer_id
