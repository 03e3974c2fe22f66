with kinds as (
    select unnest(['{{ var('source_kinds') | join("', '") }}']) as source_kind
)

select
    snapshot_id,
    snapshot_at,
    contract_versions,
    (
        select string_agg(kinds.source_kind, ', ' order by kinds.source_kind)
        from kinds
        where kinds.source_kind not in (select entity from {{ ref('feed_mark') }} where entity is not null)
    ) as absent_kinds
from {{ source('warehouse_ops', 'snapshot') }}
