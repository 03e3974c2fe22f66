select
    source_record_key,
    source_system,
    entity,
    record_id,
    customer_id,
    match_method,
    confidence::double as confidence,
    valid_from
from {{ source('identity', 'customer_crosswalk') }}
