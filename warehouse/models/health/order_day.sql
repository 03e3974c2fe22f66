-- The gap that is usual is worked out from the days up to each one, so later orders do not rewrite what was true then.
with days as (
    select
        customer_id,
        ordered_at::date as ordered_on,
        min(ordered_at) as ordered_at,
        min(order_key) as order_key,
        count(*) as order_count
    from {{ ref('fct_order') }}
    where customer_id is not null and not is_cancelled
    group by all
),

numbered as (
    select
        *,
        row_number() over so_far as day_number,
        min(ordered_on) over so_far as first_ordered_on,
        ordered_on - lag(ordered_on) over so_far as gap_days
    from days
    window so_far as (partition by customer_id order by ordered_on)
)

select
    customer_id || '/' || ordered_on as order_day_key,
    customer_id,
    ordered_on,
    ordered_at,
    order_key,
    order_count,
    day_number,
    gap_days::bigint as gap_days,
    case
        when day_number >= {{ var('rhythm_order_days') }}
            then (ordered_on - first_ordered_on) / (day_number - 1)
    end::double as usual_gap_days,
    greatest(coalesce(usual_gap_days, {{ var('default_gap_days') }}), {{ var('least_gap_days') }})::double as patience_days
from numbered
