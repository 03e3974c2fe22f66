-- The month of the snapshot is left out until it is over.
with known as (
    {{ known_until('orders') }}
),

days as (
    select
        day.customer_id,
        date_trunc('month', day.ordered_on)::date as ordered_month,
        min(date_trunc('month', day.ordered_on)::date) over (partition by day.customer_id) as first_month
    from {{ ref('order_day') }} as day
    cross join known
    where day.ordered_on < date_trunc('month', known.known_at)
)

select
    ordered_month,
    count(distinct customer_id) as buyer_count,
    count(distinct customer_id) filter (where first_month < ordered_month) as repeat_buyer_count,
    (repeat_buyer_count / buyer_count)::double as repeat_rate
from days
group by ordered_month
