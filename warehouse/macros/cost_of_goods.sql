{# What the goods of an order line cost; null when the quantity or the cost of a piece is not known. #}
{% macro cost_of_goods(line) -%}
    ({{ line }}.quantity * {{ line }}.unit_cost)::decimal(18, 2)
{%- endmacro %}
