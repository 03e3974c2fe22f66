-- What was foretold half a year ago, from what was known then, and what the customers of then spent since.
with span as (
    select as_of_date, horizon_days, as_of_date - horizon_days::integer as before, as_of_date + horizon_days::integer as until
    from (
        select snapshot_at::date - {{ var('backtest_days') }} as as_of_date, {{ var('backtest_days') }} as horizon_days
        from {{ ref('snapshot') }}
    )
),

around as (
    select
        customer_id,
        currency_code,
        coalesce(sum(net_amount) filter (where ordered_at >= span.as_of_date), 0) as actual_amount,
        coalesce(sum(net_amount) filter (where ordered_at < span.as_of_date), 0) as former_amount
    from {{ ref('fct_order') }}
    cross join span
    where
        customer_id is not null and not is_cancelled
        and ordered_at >= span.before and ordered_at < span.until
    group by all
),

compared as (
    select
        history.currency_code,
        {{ foretold('outlook.expected_factor') }} as foretold_amount,
        {{ foretold('outlook.low_factor') }} as low_amount,
        {{ foretold('outlook.high_factor') }} as high_amount,
        coalesce(around.actual_amount, 0) as actual_amount,
        coalesce(around.former_amount, 0) as former_amount
    from {{ ref('purchase_history') }} as history
    left join around using (customer_id, currency_code)
    inner join {{ ref('potential_outlook') }} as outlook
        using (currency_code, as_of_date, purchase_day_count, last_purchase_week, age_weeks)
    where history.as_of_date = (select as_of_date from span)
),

measured as (
    select
        currency_code,
        sum(actual_amount)::decimal(18, 2) as actual_amount,
        sum(foretold_amount)::decimal(18, 2) as foretold_amount,
        sum(former_amount)::decimal(18, 2) as naive_amount,
        avg(abs(foretold_amount - actual_amount))::decimal(18, 2) as mean_absolute_error,
        avg(foretold_amount - actual_amount)::decimal(18, 2) as bias,
        avg(abs(former_amount - actual_amount))::decimal(18, 2) as naive_mean_absolute_error,
        avg(former_amount - actual_amount)::decimal(18, 2) as naive_bias,
        avg((actual_amount between low_amount and high_amount)::integer) as interval_share
    from compared
    group by currency_code
)

select
    fit.currency_code,
    fit.as_of_date,
    fit.horizon_days,
    fit.customer_count,
    fit.repeat_customer_count,
    measured.actual_amount,
    measured.foretold_amount,
    measured.naive_amount,
    measured.mean_absolute_error,
    measured.bias,
    measured.naive_mean_absolute_error,
    measured.naive_bias,
    measured.interval_share,
    fit.reason
from {{ ref('potential_fit') }} as fit
inner join span on span.as_of_date = fit.as_of_date
left join measured using (currency_code)
