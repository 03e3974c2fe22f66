-- What is stated outranks what is observed; a circumstance is not yet a cause, so it is never called one.
with lapsed as (
    select customer_id, entered_at as lapsed_at, order_key as last_order_key
    from {{ ref('lifecycle_event') }}
    where is_current and stage = 'lapsed'
),

last_orders as (
    select lapsed.*, experience.ordered_at, experience.outcome, experience.is_late, experience.complained_at
    from lapsed
    inner join {{ ref('order_experience') }} as experience on experience.order_key = lapsed.last_order_key
),

remarks as (
    select
        last_orders.customer_id,
        bool_or(remark.topic in ({{ words(var('price_topics')) }})) as has_price_remark,
        bool_or(remark.topic in ({{ words(var('contact_complaint_topics')) }})) as has_complaint
    from last_orders
    inner join {{ ref('interaction') }} as remark
        on
            remark.customer_id = last_orders.customer_id and remark.direction = 'inbound'
            and remark.occurred_at between last_orders.ordered_at
            and last_orders.ordered_at + interval {{ var('churn_days') }} day
    where remark.source_kind = 'interactions'
    group by last_orders.customer_id
),

circumstances as (
    select
        last_orders.*,
        list_filter(
            [
                case when outcome = 'undelivered' then 'parcel_never_came' end,
                case when outcome in ('returned', 'refunded') then 'goods_sent_back' end,
                case when complained_at is not null or remarks.has_complaint then 'complaint' end,
                case when is_late and outcome <> 'undelivered' then 'late_parcel' end,
                case when remarks.has_price_remark then 'price' end
            ],
            lambda circumstance: circumstance is not null
        ) as circumstances
    from last_orders
    left join remarks using (customer_id)
)

select
    customer_id,
    lapsed_at,
    last_order_key,
    if(len(circumstances) > 0, 'observed', 'unknown') as basis,
    coalesce(circumstances[1], 'unknown') as reason,
    circumstances
from circumstances
