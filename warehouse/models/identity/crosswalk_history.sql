select
    source_record_key,
    customer_id,
    valid_from,
    valid_to,
    change_event_id
from {{ source('identity', 'crosswalk_history') }}
