select
    {{ own_key('line') }} as order_line_key,
    {{ order_reference('line') }} as order_key,
    line.order_id,
    line.line_number,
    line._source_system as source_system,
    its_order.customer_id,
    its_order.order_key is not null as is_order_present,
    its_order.ordered_at,
    its_order.is_cancelled as is_order_cancelled,
    its_order.currency_code,
    line.sku,
    line.product_name,
    line.product_category,
    line.quantity,
    line.unit_price,
    line.unit_cost,
    line.discount_amount,
    line.net_amount,
    {{ cost_of_goods('line') }} as cost_amount,
    (line.net_amount - {{ cost_of_goods('line') }})::decimal(18, 2) as margin_amount,
    line._changed_at as source_updated_at,
    line._batch_id as batch_id,
    line._landed_at as loaded_at
from {{ source('staging', 'order_lines') }} as line
left join {{ ref('fct_order') }} as its_order on its_order.order_key = {{ order_reference('line') }}
where not line._is_deleted
