-- Today, and half a year ago: what was foretold then is held against what came.
with told_from as (
    select snapshot_at::date as as_of_date, {{ var('value_days') }} as horizon_days
    from {{ ref('snapshot') }}
    union all
    select snapshot_at::date - {{ var('backtest_days') }}, {{ var('backtest_days') }}
    from {{ ref('snapshot') }}
),

-- Several orders of a day are one purchase, and what was given back in full is none.
purchase_day as (
    select customer_id, currency_code, ordered_at::date as bought_on, sum(net_amount) as amount
    from {{ ref('fct_order') }}
    where customer_id is not null and currency_code is not null and not is_cancelled
    group by all
    having sum(net_amount) > 0
)

select
    purchase_day.customer_id,
    purchase_day.currency_code,
    told_from.as_of_date,
    told_from.horizon_days::bigint as horizon_days,
    count(*) as purchase_day_count,
    min(purchase_day.bought_on) as first_purchase_on,
    max(purchase_day.bought_on) as last_purchase_on,
    -- Whole weeks: customers with the same history are then counted together.
    ((max(purchase_day.bought_on) - min(purchase_day.bought_on)) // 7)::bigint as last_purchase_week,
    ((told_from.as_of_date - min(purchase_day.bought_on)) // 7)::bigint as age_weeks,
    sum(purchase_day.amount)::decimal(18, 2) as spent_amount
from purchase_day
inner join told_from on purchase_day.bought_on < told_from.as_of_date
group by purchase_day.customer_id, purchase_day.currency_code, told_from.as_of_date, told_from.horizon_days
