{# A text as rules compare it: lower case, words between single spaces, nothing else but '?' and (in rules) '*'. #}
{% macro spoken_words(text) -%}
    trim(regexp_replace(lower(replace({{ text }}, '?', ' ? ')), '[^\p{L}\p{N}?*]+', ' ', 'g'))
{%- endmacro %}


{# What two sides speak of, as one value that joins; of nothing named, all that concerns the customer. #}
{% macro matter(customer_id, subject_type, subject_id) -%}
    {{ customer_id }} || '|' || coalesce({{ subject_type }} || '/' || lower({{ subject_id }}), '')
{%- endmacro %}


{# A file of rules beside the models, with all columns as declared. #}
{% macro rules_file(name, columns) -%}
    read_csv(
        '{{ var("project_path") }}/models/said/{{ name }}.csv',
        header = true, columns = {{ '{' }}{% for column, type in columns.items() %}'{{ column }}': '{{ type }}'{{ ', ' if not loop.last }}{% endfor %}{{ '}' }}
    )
{%- endmacro %}


{# The first day on or after another, by an expression of a date in which {year} stands for the year. #}
{% macro next_day(day, since) -%}
    list_min(list_filter(
        [
            {{ day | replace('{year}', 'year(' ~ since ~ ')') }}::date,
            {{ day | replace('{year}', '(year(' ~ since ~ ') + 1)') }}::date
        ],
        lambda candidate: candidate >= {{ since }}
    ))
{%- endmacro %}
