{#
  One row, known_at: up to when every feed of an entity has been read. Nothing is known of what came later, so a silence
  ends there. Without a feed it is the snapshot's moment.
#}
{% macro known_until(entity) -%}
    select least(snapshot.snapshot_at, coalesce(min(coalesce(mark.verified_at, mark.as_of)), snapshot.snapshot_at)) as known_at
    from {{ ref('snapshot') }} as snapshot
    left join {{ ref('feed_mark') }} as mark on mark.entity = '{{ entity }}'
    group by snapshot.snapshot_at
{%- endmacro %}


{# SQL list of texts: 'a', 'b'. #}
{% macro words(texts) -%}
    {%- for text in texts %}'{{ text }}'{{ ', ' if not loop.last }}{% endfor -%}
{%- endmacro %}


{# Whole days from one moment to a later one. #}
{% macro days_between(earlier, later) -%}
    floor((epoch({{ later }}) - epoch({{ earlier }})) / 86400)::bigint
{%- endmacro %}
