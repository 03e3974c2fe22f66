select customer_id, attribute_name, count(*) as origins
from {{ ref('attribute_provenance') }}
group by all
having origins > 1
