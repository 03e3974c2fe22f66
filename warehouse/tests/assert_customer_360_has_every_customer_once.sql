select customer_id, count(row_of_customer.customer_id) as rows_in_customer_360
from {{ ref('dim_customer') }} as customer
left join {{ ref('customer_360') }} as row_of_customer using (customer_id)
group by customer_id
having rows_in_customer_360 != 1
