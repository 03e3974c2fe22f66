select
    event_id,
    event_type,
    customer_id,
    other_customer_id,
    source_record_key,
    actor,
    reason,
    run_id,
    occurred_at
from {{ source('identity', 'identity_event') }}
