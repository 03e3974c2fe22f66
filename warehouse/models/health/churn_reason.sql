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

-- Said from the last order on; later the customer may have spoken of something else.
farewells as (
    select
        last_orders.customer_id,
        arg_max(
            {'statement_id': word.statement_id, 'text': word.statement_text, 'topic': contact.topic},
            row(word.stated_at, word.statement_id)
        ) as word
    from last_orders
    inner join {{ ref('statement') }} as word
        on
            word.customer_id = last_orders.customer_id and word.topic in ({{ words(var('leaving_topics')) }})
            and word.speaker = 'customer' and word.stated_at >= last_orders.ordered_at
    inner join {{ ref('interaction') }} as contact using (interaction_id)
    group by last_orders.customer_id
),

complaints as (
    select last_orders.customer_id, count(*) as complaint_count
    from last_orders
    inner join {{ ref('satisfaction_signal') }} as signal
        on
            signal.customer_id = last_orders.customer_id and signal.kind = 'complaint'
            and signal.said_at between last_orders.ordered_at
            and last_orders.ordered_at + interval {{ var('churn_days') }} day
    group by last_orders.customer_id
),

price_remarks as (
    select last_orders.customer_id, count(*) as price_remark_count
    from last_orders
    inner join {{ ref('statement') }} as remark
        on
            remark.customer_id = last_orders.customer_id and remark.speaker = 'customer'
            and remark.topic in ({{ words(var('price_topics')) }})
            and remark.stated_at between last_orders.ordered_at
            and last_orders.ordered_at + interval {{ var('churn_days') }} day
    group by last_orders.customer_id
),

circumstances as (
    select
        last_orders.*,
        list_filter(
            [
                case when outcome = 'undelivered' then 'parcel_never_came' end,
                case when outcome in ('returned', 'refunded') then 'goods_sent_back' end,
                case when complained_at is not null or complaints.complaint_count > 0 then 'complaint' end,
                case when is_late and outcome <> 'undelivered' then 'late_parcel' end,
                case when price_remarks.price_remark_count > 0 then 'price' end
            ],
            lambda circumstance: circumstance is not null
        ) as circumstances
    from last_orders
    left join complaints using (customer_id)
    left join price_remarks using (customer_id)
)

select
    circumstances.customer_id,
    circumstances.lapsed_at,
    circumstances.last_order_key,
    case
        when farewells.word is not null then 'stated'
        when len(circumstances.circumstances) > 0 then 'observed'
        else 'unknown'
    end as basis,
    coalesce(farewells.word.topic, if(farewells.word is null, circumstances.circumstances[1], null), 'unknown') as reason,
    farewells.word.text as stated_text,
    farewells.word.statement_id as statement_id,
    circumstances.circumstances
from circumstances
left join farewells using (customer_id)
