with acquired as (
    {{ acquired_customers(ref('customer_sales')) }}
),

cohorts as (
    select
        acquisition_month,
        acquisition_channel,
        count(*) as customer_count,
        count(*) filter (where order_count > 1) as repeat_customer_count
    from acquired
    group by all
),

-- What winning customers costs in a month, as far as the company declares it.
declared as (
    {%- for channel, cost in var('acquisition_costs').items() %}
    select
        '{{ channel }}' as acquisition_channel,
        '{{ cost.currency_code }}' as currency_code,
        {{ cost.monthly_amount }}::decimal(18, 2) as amount
    union all
    {%- endfor %}
    select null, null, null where false
)

select
    cohorts.acquisition_month || '|' || cohorts.acquisition_channel as cohort_key,
    cohorts.acquisition_month,
    cohorts.acquisition_channel,
    cohorts.acquisition_month + interval 1 month <= snapshot.snapshot_at as is_month_over,
    cohorts.customer_count,
    cohorts.repeat_customer_count,
    case when is_month_over then declared.amount end as acquisition_cost_amount,
    declared.currency_code as acquisition_currency_code,
    case when is_month_over then declared.amount / cohorts.customer_count end::decimal(18, 2) as cost_per_customer_amount,
    case
        when declared.amount is null then 'no cost is declared for this channel'
        when not is_month_over then 'the month is not over'
    end as acquisition_cost_reason
from cohorts
cross join {{ ref('snapshot') }} as snapshot
left join declared using (acquisition_channel)
