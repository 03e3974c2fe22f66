select
    customer_id,
    attribute_name,
    attribute_value,
    source_system,
    source_record_key,
    survivorship_rule,
    candidate_count::bigint as candidate_count,
    is_conflict,
    source_updated_at
from {{ source('identity', 'attribute_provenance') }}
