{# Record keys join their parts with '|', so '\' and '|' inside a value carry a '\' in front. #}
{% macro escaped(id) -%}
    replace(replace({{ id }}, '\', '\\'), '|', '\|')
{%- endmacro %}


{# Key of a row of a fact: '<system>/<record key>'. #}
{% macro own_key(row) -%}
    {{ row }}._source_system || '/' || {{ row }}._key
{%- endmacro %}


{# Key of the order that a line, payment, parcel or contact refers to; null without a reference. #}
{% macro order_reference(row) -%}
    coalesce({{ row }}.order_source, {{ row }}._source_system) || '/' || {{ escaped(row ~ '.order_id') }}
{%- endmacro %}


{# The record key inside a fact's own key '<system>/<record key>'. #}
{% macro record_id_of(key) -%}
    substr({{ key }}, length(source_system) + 2)
{%- endmacro %}
