with in_cohorts as (
    select currency_code, sum(order_count) as order_count, sum(net_amount) as net_amount
    from {{ ref('cohort_month') }}
    group by currency_code
),

in_facts as (
    select currency_code, count(*) as order_count, sum(net_amount) as net_amount
    from {{ ref('fct_order') }}
    where customer_id is not null and not is_cancelled
    group by currency_code
)

select in_facts.currency_code, in_facts.order_count, in_cohorts.order_count as orders_in_cohorts
from in_facts
full join in_cohorts on in_cohorts.currency_code is not distinct from in_facts.currency_code
where
    in_facts.order_count is distinct from in_cohorts.order_count
    or in_facts.net_amount is distinct from in_cohorts.net_amount
