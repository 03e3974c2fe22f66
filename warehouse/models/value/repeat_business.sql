-- Buyers month by month; a month knows its buyers' months before it.
with buyer_month as (
    select distinct customer_id, date_trunc('month', ordered_at)::date as order_month
    from {{ ref('fct_order') }}
    where customer_id is not null and not is_cancelled
),

looking_back as (
    select
        order_month,
        lag(order_month) over (partition by customer_id order by order_month) as former_month,
        min(order_month) over () as history_begins
    from buyer_month
)

select
    looking_back.order_month,
    looking_back.order_month + interval 1 month <= any_value(snapshot.snapshot_at) as is_month_over,
    date_diff('month', any_value(history_begins), order_month) as history_months,
    count(*) as buyer_count,
    count(former_month) as repeat_buyer_count,
    count(former_month) / count(*) as repeat_rate,
    case
        when date_diff('month', any_value(history_begins), order_month) >= {{ var('repeat_months') }}
            then
                count(*) filter (where former_month >= order_month - interval {{ var('repeat_months') }} month) / count(*)
    end as repeat_rate_6m,
    {% if var('go_live_on') %}
    looking_back.order_month >= date '{{ var('go_live_on') }}'
    {%- else %}
    null::boolean
    {%- endif %} as is_after_go_live
from looking_back
cross join {{ ref('snapshot') }} as snapshot
group by looking_back.order_month
