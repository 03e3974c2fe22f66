with payments as (
    {{ identified('payments', own_record=false) }}
)

select
    {{ own_key('payments') }} as payment_key,
    payments.payment_id,
    payments._source_system as source_system,
    coalesce(payments.customer_id, its_order.customer_id) as customer_id,
    {{ order_reference('payments') }} as order_key,
    payments.order_id,
    payments.invoice_id,
    payments.method,
    payments.instrument_ref,
    payments.amount,
    payments.currency as currency_code,
    payments.status,
    payments.occurred_at,
    payments._changed_at as source_updated_at,
    payments._batch_id as batch_id,
    payments._landed_at as loaded_at
from payments
left join {{ ref('fct_order') }} as its_order on its_order.order_key = {{ order_reference('payments') }}
