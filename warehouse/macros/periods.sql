{# The days before the snapshot's day that are over, from midnight to midnight (UTC): since <= moment < until. #}
{% macro last_days(days) -%}
    select
        snapshot_at::date::timestamp as until,
        snapshot_at::date::timestamp - interval {{ days }} day as since
    from {{ ref('snapshot') }}
{%- endmacro %}
