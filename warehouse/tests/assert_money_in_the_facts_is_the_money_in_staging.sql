-- Amounts reconcile to the cent, currency by currency.
with staged as (
    select 'orders' as kind, currency, sum(gross_amount) as amount
    from {{ source('staging', 'orders') }} where not _is_deleted group by all
    union all
    select 'refunds', currency, sum(refund_amount)
    from {{ source('staging', 'orders') }} where not _is_deleted group by all
    union all
    select 'order_lines', null, sum(net_amount)
    from {{ source('staging', 'order_lines') }} where not _is_deleted
    union all
    select 'payments', currency, sum(amount)
    from {{ source('staging', 'payments') }} where not _is_deleted group by all
),

built as (
    select 'orders' as kind, currency_code as currency, sum(gross_amount) as amount
    from {{ ref('fct_order') }} group by all
    union all
    select 'refunds', currency_code, sum(refund_amount) from {{ ref('fct_order') }} group by all
    union all
    select 'order_lines', null, sum(net_amount) from {{ ref('fct_order_line') }}
    union all
    select 'payments', currency_code, sum(amount) from {{ ref('fct_payment') }} group by all
)

select staged.kind, staged.currency, staged.amount as staged_amount, built.amount as built_amount
from staged
full join built
    on staged.kind = built.kind and staged.currency is not distinct from built.currency
where staged.amount is distinct from built.amount
