with filled as (
    {{ filled_columns(source('staging', 'accounts')) }}
    union all
    {{ filled_columns(source('staging', 'orders')) }}
    union all
    {{ filled_columns(source('staging', 'order_lines')) }}
    union all
    {{ filled_columns(source('staging', 'payments')) }}
    union all
    {{ filled_columns(source('staging', 'shipments')) }}
    union all
    {{ filled_columns(source('staging', 'tickets')) }}
    union all
    {{ filled_columns(source('staging', 'interactions')) }}
    union all
    {{ filled_columns(source('staging', 'campaign_responses')) }}
    union all
    {{ filled_columns(source('staging', 'web_registrations')) }}
    union all
    {{ filled_columns(source('staging', 'demographics')) }}
    union all
    {{ filled_columns(source('staging', 'employees')) }}
)

select
    collected.feed || '/' || collected.column_name as column_usage_key,
    collected.feed,
    collected.source_system,
    collected.entity,
    collected.column_name,
    collected.purpose,
    collected.pii as pii_class,
    coalesce(filled.row_count, 0) as row_count,
    coalesce(filled.filled_count, 0) as filled_count,
    (filled.filled_count / filled.row_count)::double as fill_rate,
    collected.readers,
    len(collected.readers) > 0 as is_used,
    -- Nobody counts what analysts ask.
    null::bigint as query_count_90d
from {{ source('warehouse_ops', 'collected_column') }} as collected
left join filled using (feed, column_name)
