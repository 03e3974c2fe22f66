select
    collected.source_system,
    snapshot.snapshot_at::date as as_of_date,
    count(*) as column_count,
    count(*) filter (where not collected.is_used) as unused_count,
    (unused_count / column_count)::double as unused_share
from {{ ref('column_usage') }} as collected
cross join {{ ref('snapshot') }} as snapshot
group by all
