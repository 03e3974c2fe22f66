select order_key
from {{ ref('fct_order') }}
full join {{ ref('order_experience') }} as experience using (order_key)
where experience.outcome is null
