{{ config(materialized='view') }}
-- Over ops.feed_status, so it ages by the reader's clock too.

with kinds as (
    select unnest(['{{ var('source_kinds') | join("', '") }}']) as source_kind
)

select
    kinds.source_kind,
    count(feed.feed) as feed_count,
    coalesce({{ worst_status('feed.status_now', 'feed.feed is not null') }}, 'NEVER') as status_now,
    min(feed.as_of) as as_of,
    max(feed.data_age_seconds) as data_age_seconds
from kinds
left join {{ ref('feed_status') }} as feed on feed.entity = kinds.source_kind
group by kinds.source_kind
