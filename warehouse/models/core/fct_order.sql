with lines_of_order as (
    select
        {{ order_reference('line') }} as order_key,
        count(*) as line_count,
        sum(line.net_amount)::decimal(18, 2) as lines_net_amount,
        bool_and(line.net_amount is not null) as is_every_line_priced,
        sum(line.net_amount) filter (where {{ cost_of_goods('line') }} is not null) as costed_net_amount,
        bool_and({{ cost_of_goods('line') }} is not null) as is_every_line_costed,
        sum({{ cost_of_goods('line') }}) as cost_amount
    from {{ source('staging', 'order_lines') }} as line
    where not line._is_deleted
    group by 1
),

-- Where the order itself names no amount, as in many web shops' exports, its goods are worth what its lines say.
orders as (
    select
        own.*,
        lines_of_order.* exclude (order_key),
        coalesce(
            own.gross_amount - coalesce(own.discount_amount, 0),
            case when lines_of_order.is_every_line_priced then lines_of_order.lines_net_amount end
        ) as goods_amount
    from ({{ identified('orders') }}) as own
    left join lines_of_order on lines_of_order.order_key = {{ own_key('own') }}
),

payments_of_order as (
    select {{ order_reference('payment') }} as order_key, min(payment.occurred_at) as paid_at
    from {{ source('staging', 'payments') }} as payment
    where not payment._is_deleted and payment.status = 'cleared' and payment.order_id is not null
    group by 1
),

shipments_of_order as (
    select
        {{ order_reference('shipment') }} as order_key,
        min(shipment.shipped_at) as first_shipped_at,
        max(shipment.delivered_at) as last_delivered_at
    from {{ source('staging', 'shipments') }} as shipment
    where not shipment._is_deleted and shipment.status is distinct from 'voided' and shipment.order_id is not null
    group by 1
)

select
    {{ own_key('orders') }} as order_key,
    orders.order_id,
    orders._source_system as source_system,
    orders.customer_id,
    orders.ordered_at,
    orders.status,
    coalesce(orders.status = 'cancelled', false) as is_cancelled,
    orders.sales_channel,
    orders.currency as currency_code,
    orders.gross_amount,
    orders.discount_amount,
    orders.shipping_amount,
    orders.tax_amount,
    orders.refund_amount,
    orders.total_amount,
    (orders.goods_amount - coalesce(orders.refund_amount, 0))::decimal(18, 2) as net_amount,
    -- A line that is not there brings no cost: only lines that come to the whole order, but for a cent each, tell.
    case
        when
            orders.is_every_line_costed
            and orders.lines_net_amount >= orders.goods_amount - 0.01 * orders.line_count
            then orders.goods_amount - coalesce(orders.refund_amount, 0) - orders.cost_amount
    end::decimal(18, 2) as margin_amount,
    case
        when orders.goods_amount > 0
            then
                coalesce(orders.costed_net_amount, 0)
                / greatest(orders.goods_amount, orders.lines_net_amount)
    end::double as cost_known_share,
    orders.delivery_instructions,
    orders.discount_code,
    orders.sales_employee_id,
    coalesce(orders.line_count, 0) as line_count,
    orders.lines_net_amount,
    payments_of_order.paid_at,
    shipments_of_order.first_shipped_at,
    shipments_of_order.last_delivered_at,
    orders._changed_at as source_updated_at,
    orders._batch_id as batch_id,
    orders._landed_at as loaded_at
from orders
left join payments_of_order on payments_of_order.order_key = {{ own_key('orders') }}
left join shipments_of_order on shipments_of_order.order_key = {{ own_key('orders') }}
