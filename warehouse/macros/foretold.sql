{# Money that an outlook foretells for a customer: its factor of what he spent so far and of what all do. #}
{% macro foretold(factor) -%}
    ({{ factor }} * (outlook.spend_scale + history.spent_amount))
{%- endmacro %}
