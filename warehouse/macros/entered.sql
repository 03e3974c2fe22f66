{#
  What employees entered into a staged entity: a row per feed, employee and week with its count and, per field of
  var entry_fields, how many lack it. Rows without account whose person has one count as entered twice: whoever wrote
  them down made a new record of a known customer.
#}
{% macro entered(relation, entity) -%}
    {%- set entry = var('entry_fields')[entity] -%}
    select
        '{{ entity }}' as entity,
        staged._feed as feed,
        staged._source_system as source_system,
        staged.{{ entry.employee }} as employee_id,
        date_trunc('week', staged.{{ entry.moment }})::date as week_start,
        count(*) as record_count,
        [
            {%- for field in entry.fields %}
            {
                'field_name': '{{ field }}',
                'missing_count': count(*) - count(staged.{{ field }}),
                'duplicate_count': {{ 'count(known.source_record_key)'
                    if field == 'account_id' else 0 }}
            }{{ ',' if not loop.last }}
            {%- endfor %}
        ] as fields
    from {{ relation }} as staged
    left join (
        select of_record.source_record_key
        from {{ source('identity', 'customer_crosswalk') }} as of_record
        where
            of_record.entity = '{{ entity }}' and of_record.customer_id in (
                select customer_id from {{ source('identity', 'customer_crosswalk') }} where entity = 'accounts'
            )
    ) as known
        on
            staged.account_id is null
            and known.source_record_key = staged._source_system || '/{{ entity }}/' || staged._key
    where not staged._is_deleted and staged.{{ entry.employee }} is not null
    group by all
{%- endmacro %}
