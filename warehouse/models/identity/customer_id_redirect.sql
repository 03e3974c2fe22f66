select
    old_customer_id,
    current_customer_id,
    changed_at,
    event_id
from {{ source('identity', 'customer_id_redirect') }}
