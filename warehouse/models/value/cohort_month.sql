with acquired as (
    {{ acquired_customers(ref('customer_sales')) }}
),

sales as (
    select
        acquired.acquisition_month || '|' || acquired.acquisition_channel as cohort_key,
        acquired.acquisition_month,
        date_trunc('month', sale.ordered_at)::date as order_month,
        sale.currency_code,
        sale.customer_id,
        sale.net_amount
    from {{ ref('fct_order') }} as sale
    inner join acquired using (customer_id)
    where not sale.is_cancelled
),

by_month as (
    select
        cohort_key,
        order_month,
        currency_code,
        date_diff('month', any_value(acquisition_month), order_month) as months_since,
        count(distinct customer_id) as active_customer_count,
        count(*) as order_count,
        sum(net_amount) as net_amount
    from sales
    group by cohort_key, order_month, currency_code
)

select
    concat_ws('|', by_month.cohort_key, by_month.order_month, coalesce(by_month.currency_code, '')) as cohort_month_key,
    by_month.cohort_key,
    by_month.order_month,
    by_month.months_since,
    by_month.currency_code,
    by_month.active_customer_count,
    by_month.active_customer_count / cohort.customer_count as retained_share,
    by_month.order_count,
    by_month.net_amount::decimal(18, 2) as net_amount
from by_month
inner join {{ ref('cohort') }} as cohort using (cohort_key)
