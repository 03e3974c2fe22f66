{# One row: has_<kind> says whether any feed of the kind was ever read. Of the others nothing is known, not even that there is none. #}
{% macro fed(kinds) -%}
    select
        {%- for kind in kinds %}
        coalesce(bool_or(entity = '{{ kind }}' and status <> 'NEVER'), false) as has_{{ kind }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('feed_mark') }}
{%- endmacro %}
