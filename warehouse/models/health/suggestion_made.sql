-- What was suggested once stays as it was said, so that what followed can be held against it.
with frozen as (
    select suggestion_key, customer_id, suggestion_kind, rule_id, subject_type, subject_key, reason, frozen_at
    from {{ source('history', 'suggestion_made') }}
)

select * from frozen
union all
select
    suggestion.suggestion_key,
    suggestion.customer_id,
    suggestion.suggestion_kind,
    suggestion.rule_id,
    suggestion.subject_type,
    suggestion.subject_key,
    suggestion.reason,
    snapshot.snapshot_at as frozen_at
from {{ ref('suggestion') }} as suggestion
cross join {{ ref('snapshot') }} as snapshot
where suggestion.suggestion_key not in (select suggestion_key from frozen)
