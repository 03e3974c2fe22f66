select source_record_key
from {{ ref('crosswalk_history') }}
qualify
    coalesce(valid_to, 'infinity'::timestamp)
    > lead(valid_from) over (partition by source_record_key order by valid_from, valid_to nulls last)
