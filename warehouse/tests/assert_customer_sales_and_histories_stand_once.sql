select customer_id, currency_code, null as as_of_date
from {{ ref('customer_sales') }}
group by all
having count(*) > 1
union all
select customer_id, currency_code, as_of_date
from {{ ref('purchase_history') }}
group by all
having count(*) > 1
union all
select customer_id, null, null
from {{ ref('customer_sales') }}
group by customer_id
having count(*) filter (where is_main_currency) != 1
