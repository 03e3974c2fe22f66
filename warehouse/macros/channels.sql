{# The channels there are, as var 'channels' declares them: channel, label, contact_point_type, is_human, is_addressed. #}
{% macro channels() -%}
    (values
    {%- for channel in var('channels') %}
        (
            '{{ channel.name }}', '{{ channel.label }}',
            {{ "'" ~ channel.contact_point ~ "'" if channel.contact_point else 'null' }},
            {{ channel.is_human | lower }}, {{ channel.is_addressed | lower }}
        ){{ ',' if not loop.last }}
    {%- endfor %}
    ) as channel (channel, label, contact_point_type, is_human, is_addressed)
{%- endmacro %}
