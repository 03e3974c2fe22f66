-- Loyalty is read from orders alone: what a customer said has no part in it.
with known as (
    {{ known_until('orders') }}
),

summed as (
    select
        day.customer_id,
        any_value(known.known_at) as known_at,
        count(*) as order_day_count,
        min(day.ordered_at) as first_order_at,
        max(day.ordered_at) as last_order_at,
        max_by(day.usual_gap_days, day.day_number) as usual_gap_days,
        max_by(day.patience_days, day.day_number) as patience_days,
        stddev_pop(day.gap_days) / nullif(avg(day.gap_days), 0) as gap_variation,
        count(*) filter (where day.ordered_at > known.known_at - interval {{ var('trend_days') }} day)
            as order_day_count_12m
    from {{ ref('order_day') }} as day
    cross join known
    group by day.customer_id
),

measured as (
    select
        *,
        {{ days_between('last_order_at', 'known_at') }} as days_since_last_order,
        {{ days_between('first_order_at', 'known_at') }} - {{ var('trend_days') }} as days_before,
        days_since_last_order / patience_days as gaps_since_last_order
    from summed
),

scored as (
    select
        *,
        case when days_before >= {{ var('trend_least_days_before') }}
            then (order_day_count - order_day_count_12m) * {{ var('trend_days') }}.0 / days_before
        end as order_days_per_year_before,
        -- 1 within the usual gap, 0 once lapsed, straight in between.
        greatest(
            0,
            least(
                1,
                ({{ var('lapsed_after_gaps') }} - gaps_since_last_order) / ({{ var('lapsed_after_gaps') }} - 1.0)
            )
        ) as recency_score,
        case when order_days_per_year_before > 0 then least(1, order_day_count_12m / order_days_per_year_before) end
            as trend_score
    from measured
)

select
    customer_id,
    known_at,
    order_day_count,
    first_order_at,
    last_order_at,
    usual_gap_days,
    patience_days,
    case when order_day_count > {{ var('rhythm_order_days') }} then gap_variation end as gap_variation,
    days_since_last_order,
    order_day_count_12m,
    order_days_per_year_before::double as order_days_per_year_before,
    recency_score::double as recency_score,
    trend_score::double as trend_score,
    -- One order may still be the first of many: it says nothing until the silence after it has lasted too long.
    case
        when order_day_count >= 2 then (recency_score + coalesce(trend_score, recency_score)) / 2
        when recency_score = 0 then 0
    end::double as loyalty_score
from scored
