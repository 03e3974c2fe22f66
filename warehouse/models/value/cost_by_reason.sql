select
    concat_ws('|', cost_pool, currency_code, coalesce(topic, '')) as cost_by_reason_key,
    cost_pool,
    topic,
    currency_code,
    count(distinct customer_id) as customer_count,
    sum(driver_units) as driver_units,
    case when count(*) = count(amount) then sum(amount) end::decimal(18, 2) as amount,
    coalesce(sum(amount) filter (where customer_id is null), 0)::decimal(18, 2) as unassigned_amount
from {{ ref('cost_to_serve') }}
group by cost_pool, topic, currency_code
