-- Total value is the net amount of the orders in the main currency, added up from the facts a second time.
with from_orders as (
    select customer_id, currency_code, sum(net_amount) as net_amount
    from {{ ref('fct_order') }}
    where customer_id is not null and not is_cancelled
    group by all
)

select customer_id, valued.total_value, from_orders.net_amount
from {{ ref('customer_value') }} as valued
inner join from_orders using (customer_id, currency_code)
where valued.total_value is distinct from from_orders.net_amount
