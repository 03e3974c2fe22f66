{#
  What stands in more than one row: the values of some columns, and row_count. Rows whose hashes all differ differ
  themselves, and numbers are told apart in half the time; only where hashes are equal are the values compared.
#}
{% macro standing_twice(relation, columns, condition='true') -%}
    {%- set values = columns | join(', ') -%}
    select {{ values }}, count(*) as row_count
    from {{ relation }}
    where
        {{ condition }} and hash({{ values }}) in (
            select hash({{ values }}) as row_hash
            from {{ relation }}
            where {{ condition }}
            group by row_hash
            having count(*) > 1
        )
    group by {{ values }}
    having count(*) > 1
{%- endmacro %}


{# dbt's test of a key. #}
{% macro default__test_unique(model, column_name) -%}
    {{ standing_twice(model, [column_name], column_name ~ ' is not null') }}
{%- endmacro %}
