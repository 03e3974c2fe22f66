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
),

-- A published column is matched by its name in a table that reads the collected one; under a new name it is not found.
asked as (
    select collected.feed, collected.column_name, sum(asked.query_count)::bigint as query_count
    from {{ source('warehouse_ops', 'collected_column') }} as collected
    inner join {{ source('warehouse_ops', 'column_query') }} as asked
        on
            list_contains(collected.readers, split_part(asked.table_name, '.', 2))
            and asked.column_name = collected.column_name
    group by all
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
    asked.query_count as query_count_90d
from {{ source('warehouse_ops', 'collected_column') }} as collected
left join filled using (feed, column_name)
left join asked using (feed, column_name)
