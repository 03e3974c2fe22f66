{# How bad a feed's status is, so that the worst of several can be taken: 0 is best. An unknown word counts as UNKNOWN. #}
{% macro status_rank(status) -%}
    case {{ status }}
        when 'FRESH' then 0
        when 'IDLE' then 1
        when 'LATE' then 2
        when 'HELD' then 3
        when 'PARTIAL' then 4
        when 'STALE' then 5
        when 'NEVER' then 7
        else 6
    end
{%- endmacro %}


{# Worst status among the rows that meet a condition; null when none does. #}
{% macro worst_status(status, condition) -%}
    case max({{ status_rank(status) }}) filter (where {{ condition }})
        when 0 then 'FRESH'
        when 1 then 'IDLE'
        when 2 then 'LATE'
        when 3 then 'HELD'
        when 4 then 'PARTIAL'
        when 5 then 'STALE'
        when 6 then 'UNKNOWN'
        when 7 then 'NEVER'
    end
{%- endmacro %}


{# Whether a metric over closed days misses something of them, as its source has not passed their end or is incomplete. #}
{% macro is_partial(kind) -%}
    (
        source_currency.{{ kind }}_status not in ('FRESH', 'IDLE', 'LATE')
        or source_currency.{{ kind }}_complete is false
        or (source_currency.{{ kind }}_status <> 'IDLE' and coalesce(source_currency.{{ kind }}_as_of < recent.until, true))
    )
{%- endmacro %}


{# A figure of a kind of source; of a customer without rows it is none, but where no feed ever served the kind unknown. #}
{% macro counted(figure, kind, nothing='0') -%}
    coalesce({{ figure }}, case when source_currency.{{ kind }}_status <> 'NEVER' then {{ nothing }} end)
{%- endmacro %}


{# How far a reader's clock may stand before what was written: machines that are set by the network differ by less, and
   any promise is longer. CLOCK_TOLERANCE of pipelines/freshness/status.py, for whoever has the file alone. #}
{% macro clock_tolerance_seconds() -%} 60 {%- endmacro %}


{# Seconds from a moment to the moment of reading; null where the reader's clock stands before it, so the age is unknown. #}
{% macro age_seconds(moment, read_at) -%}
    case
        when date_diff('second', {{ moment }}, {{ read_at }}) >= -{{ clock_tolerance_seconds() }}
            then greatest(date_diff('second', {{ moment }}, {{ read_at }}), 0)
    end
{%- endmacro %}
