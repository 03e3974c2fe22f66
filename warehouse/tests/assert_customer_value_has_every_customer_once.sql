select customer_id, count(valued.customer_id) as rows_in_customer_value
from {{ ref('dim_customer') }} as customer
left join {{ ref('customer_value') }} as valued using (customer_id)
group by customer_id
having rows_in_customer_value != 1
