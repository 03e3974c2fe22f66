select
    concat_ws('|', cost_pool, currency_code, coalesce(topic, '')) as cost_by_reason_key,
    cost_pool,
    topic,
    currency_code,
    count(distinct customer_id) as customer_count,
    -- Exact, so that it does not depend on the order of rows.
    sum(driver_units::decimal(18, 6))::double as driver_units,
    sum(amount)::decimal(18, 2) as amount,
    coalesce(sum(amount) filter (where customer_id is null), 0)::decimal(18, 2) as unassigned_amount,
    bool_and(is_complete) as is_complete
from {{ ref('cost_to_serve') }}
group by cost_pool, topic, currency_code
