{# Fifth of the customers of the same currency, 1 lowest to 5 highest; equal values are in the same one. #}
{% macro quintile(value) -%}
    1 + least(floor(percent_rank() over (partition by currency_code, has_bought order by {{ value }}) * 5), 4)::integer
{%- endmacro %}
