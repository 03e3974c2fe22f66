-- Where bad data enters: by employee, feed, field and week. Only fields that a feed collects count for it.
with staged as (
    {{ entered(source('staging', 'orders'), 'orders') }}
    union all
    {{ entered(source('staging', 'tickets'), 'tickets') }}
    union all
    {{ entered(source('staging', 'interactions'), 'interactions') }}
),

employee_column as (
    select feed, entity, source_column
    from {{ source('warehouse_ops', 'collected_column') }}
    where
        source_column is not null and (
            {%- for entity, entry in var('entry_fields').items() %}
            (entity = '{{ entity }}' and column_name = '{{ entry.employee }}'){{ ' or' if not loop.last }}
            {%- endfor %}
        )
),

-- A bad row that came several times was entered once.
held as (
    select
        row_held.entity,
        row_held.feed,
        row_held.source_system,
        nullif(trim(json_extract_string(row_held.payload, '$."' || employee_column.source_column || '"')), '')
            as employee_id,
        date_trunc('week', min(row_held.first_held_at))::date as week_start,
        flatten(list(row_held.rules)) as rules
    from {{ source('quarantine', 'held_row') }} as row_held
    inner join employee_column using (feed)
    where employee_id is not null
    group by row_held.entity, row_held.feed, row_held.source_system, employee_id, coalesce(row_held._key, row_held.held_id)
),

held_rules as (
    select entity, feed, source_system, employee_id, week_start, row_number() over () as row_no, unnest(rules) as rule
    from held
),

-- Rules are named after their column; the longest name that fits is it.
held_fields as (
    select
        held_rules.*,
        coalesce(arg_max(field.column_name, length(field.column_name)), 'other') as field_name,
        coalesce(bool_or(held_rules.rule = field.column_name || '_missing'), false) as is_missing
    from held_rules
    left join {{ source('warehouse_ops', 'collected_column') }} as field
        on field.feed = held_rules.feed and starts_with(held_rules.rule, field.column_name || '_')
    group by all
),

records as (
    select entity, feed, source_system, employee_id, week_start, sum(record_count)::bigint as record_count
    from (
        select entity, feed, source_system, employee_id, week_start, record_count from staged
        union all
        select entity, feed, source_system, employee_id, week_start, 1 from held
    )
    group by all
),

staged_fields as (
    select entity, feed, source_system, employee_id, week_start, unnest(fields) as field
    from staged
),

found as (
    select
        staged_fields.* exclude (field),
        staged_fields.field.field_name,
        staged_fields.field.missing_count,
        0 as invalid_count,
        staged_fields.field.duplicate_count
    from staged_fields
    inner join {{ source('warehouse_ops', 'collected_column') }} as collected
        on collected.feed = staged_fields.feed and collected.column_name = staged_fields.field.field_name
    union all
    select
        entity,
        feed,
        source_system,
        employee_id,
        week_start,
        field_name,
        count(distinct row_no) filter (where is_missing),
        count(distinct row_no) filter (where not is_missing),
        0
    from held_fields
    group by all
)

select
    concat_ws('/', found.feed, found.employee_id, found.field_name, coalesce(found.week_start::varchar, 'unknown'))
        as entry_quality_key,
    found.employee_id,
    found.source_system,
    found.feed,
    found.entity,
    found.field_name,
    found.week_start,
    records.record_count,
    sum(found.missing_count)::bigint as missing_count,
    sum(found.invalid_count)::bigint as invalid_count,
    sum(found.duplicate_count)::bigint as duplicate_count
from found
inner join records
    on
        records.feed = found.feed and records.employee_id = found.employee_id
        and records.week_start is not distinct from found.week_start
group by all
