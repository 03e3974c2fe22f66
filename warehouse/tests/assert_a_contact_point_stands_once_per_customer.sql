select customer_id, contact_point_type, value
from {{ ref('contact_point') }}
group by all
having count(*) > 1
