{# Money that an outlook foretells for a customer: its factor of what they spent so far and of the weight of all. #}
{% macro foretold(factor) -%}
    ({{ factor }} * (outlook.spend_scale + history.spent_amount))
{%- endmacro %}
