select customer_id
from {{ ref('channel_preference') }}
group by customer_id
having count(*) filter (where is_preferred) > 1
