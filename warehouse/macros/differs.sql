{# Whether two rows differ in any of these columns; null is a value of its own. #}
{% macro differs(one, other, columns) -%}
    (
        {%- for column in columns %}
        {{ one }}.{{ column }} is distinct from {{ other }}.{{ column }}{{ ' or' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
