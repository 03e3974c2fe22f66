-- So small that a reader learns how old a channel was at any moment without a look at millions of contacts.
select
    channel,
    source_system,
    date_trunc('hour', recorded_at) as recorded_hour,
    min(recorded_at) as first_recorded_at,
    max(recorded_at) as last_recorded_at,
    count(*) as contact_count
from {{ ref('interaction') }}
where source_kind = 'interactions' and direction is distinct from 'internal' and recorded_at is not null
group by all
