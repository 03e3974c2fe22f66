select old_customer_id
from {{ ref('customer_id_redirect') }}
where old_customer_id in (select customer_id from {{ ref('dim_customer') }})
