-- A complaint counts against one order only: the one it names, else the latest that its customer had placed by then.
with parcels as (
    select
        order_key,
        max(promised_delivery_at) as promised_delivery_at,
        max(delivered_at) as delivered_at,
        bool_or(status = 'returned') as is_returned,
        bool_or(is_undelivered) as is_undelivered,
        bool_or(is_undelivered and is_late) as is_overdue,
        bool_or(is_late) as is_late,
        bool_or(is_late is null) as is_lateness_unknown
    from {{ ref('fct_shipment') }}
    where order_key is not null and status is distinct from 'voided'
    group by order_key
),

orders as (
    select
        sale.order_key,
        sale.customer_id,
        sale.ordered_at,
        sale.sales_channel,
        sale.status,
        sale.is_cancelled,
        coalesce(sale.refund_amount, 0) > 0 as is_refunded,
        parcels.* exclude (order_key),
        parcels.order_key is not null as has_parcel
    from {{ ref('fct_order') }} as sale
    left join parcels using (order_key)
),

complaints as (
    select customer_id, order_key, said_at
    from {{ ref('satisfaction_signal') }}
    where kind = 'complaint'
),

complaints_of_orders as (
    select order_key, said_at from complaints where order_key is not null
    union all
    select complaint_order.order_key, complaints.said_at
    from complaints
    asof join (
        select customer_id, ordered_at, max(order_key) as order_key,
            max(coalesce(promised_delivery_at, ordered_at)) as expected_at
        from orders
        where customer_id in (select customer_id from complaints where order_key is null)
        group by customer_id, ordered_at
    ) as complaint_order
        on complaint_order.customer_id = complaints.customer_id and complaint_order.ordered_at <= complaints.said_at
    where
        complaints.order_key is null
        and complaints.said_at <= complaint_order.expected_at + interval {{ var('complaint_days') }} day
),

complained as (
    select order_key, min(said_at) as complained_at
    from complaints_of_orders
    group by order_key
),

judged as (
    select
        orders.*,
        complained.complained_at,
        case
            when is_cancelled then 'cancelled'
            when status = 'returned' or is_returned then 'returned'
            when status = 'refunded' or is_refunded then 'refunded'
            when is_overdue then 'undelivered'
            when complained_at is not null then 'complained'
            when is_late then 'delivered_late'
            when is_undelivered then 'in_progress'
            when has_parcel and is_lateness_unknown then 'delivered'
            when has_parcel then 'delivered_on_time'
            when sales_channel = 'store' then 'handed_over'
            when status = 'delivered' then 'delivered'
            else 'unknown'
        end as outcome
    from orders
    left join complained using (order_key)
)

select
    order_key,
    customer_id,
    ordered_at,
    outcome,
    promised_delivery_at,
    delivered_at,
    is_late,
    complained_at,
    case
        -- What is not yet over, or not known, is neither good nor bad; only a complaint makes it bad.
        when outcome in ('cancelled', 'in_progress', 'delivered', 'unknown') and complained_at is null then null
        else greatest(
            0,
            1
            {%- for outcome, loss in var('experience_losses').items() if outcome not in ('complained', 'delivered_late') %}
            - if(outcome = '{{ outcome }}', {{ loss }}, 0)
            {%- endfor %}
            - if(is_late and outcome <> 'undelivered', {{ var('experience_losses').delivered_late }}, 0)
            - if(complained_at is not null, {{ var('experience_losses').complained }}, 0)
        )
    end::double as experience_score
from judged
