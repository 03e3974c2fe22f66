-- What customers told of their lives, as long as it serves a purpose. The clock is the snapshot's.
{% set months = 'january|february|march|april|may|june|july|august|september|october|november|december' %}
with kinds as (
    {% for kind, rule in var('life_facts').items() -%}
    select
        '{{ kind }}' as kind,
        '{{ rule.concerns }}' as concerns,
        '{{ rule.purpose }}' as purpose,
        {{ "'" ~ rule.ends_on ~ "'" if rule.ends_on else 'null' }}::varchar as ends_on,
        {{ rule.days_after_day if rule.days_after_day is defined else 'null' }}::integer as days_after_day,
        {{ rule.days_after_word if rule.days_after_word is defined else 'null' }}::integer as days_after_word
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

heard as (
    select
        said.statement_id,
        said.customer_id,
        kinds.*,
        said.value as detail,
        said.stated_at as said_at,
        said.recorded_at,
        said.stated_at::date as said_on,
        said.confidence,
        lower(said.statement_text) as words
    from {{ ref('utterance') }} as said
    inner join kinds on 'life_' || kinds.kind = said.about
    where said.customer_id is not null
),

-- '1 December', 'December 1st', '2026-12-01' or, in German, 'am 1.12.'.
dated as (
    select
        *,
        regexp_extract(words, '(\d{1,2})(st|nd|rd|th)?( of)? ({{ months }})', ['day', 'th', 'of', 'month']) as day_first,
        regexp_extract(words, '({{ months }}) (\d{1,2})(st|nd|rd|th)?\b', ['month', 'day']) as month_first,
        regexp_extract(words, '\bam (\d{1,2})\.(\d{1,2})\b', ['day', 'month']) as in_german
    from heard
),

told as (
    select
        *,
        coalesce(
            nullif(day_first.day, '') || ' ' || day_first.month,
            nullif(month_first.day, '') || ' ' || month_first.month,
            nullif(in_german.day, '') || ' ' || in_german.month
        ) as day_told
    from dated
),

-- A day without a year is the next one. A school year ends in the year of the word, or in the next.
placed as (
    select
        *,
        case
            when days_after_day is not null
                then coalesce(
                    try_cast(nullif(regexp_extract(words, '\d{4}-\d{2}-\d{2}'), '') as date),
                    {{ next_day("try_strptime(day_told || ' ' || {year}, ['%d %B %Y', '%d %m %Y'])", 'said_on') }}
                )
        end as happens_on,
        {{ next_day("try_strptime({year} || '-' || ends_on, '%Y-%m-%d')", 'said_on') }} as ends_after
    from told
),

ending as (
    select
        *,
        coalesce(
            ends_after + 1,
            happens_on + days_after_day + 1,
            said_on + days_after_word + 1
        )::timestamp as expires_at
    from placed
    qualify row_number() over (partition by customer_id, kind, detail order by said_at desc, statement_id) = 1
)

select
    ending.statement_id,
    ending.customer_id,
    customer.household_id,
    ending.kind,
    ending.detail,
    ending.happens_on,
    ending.concerns,
    ending.purpose,
    ending.said_at,
    ending.recorded_at,
    ending.expires_at,
    ending.confidence
from ending
cross join {{ ref('snapshot') }} as snapshot
inner join {{ ref('dim_customer') }} as customer on customer.customer_id = ending.customer_id
where ending.expires_at > snapshot.snapshot_at
-- By customer, so that a reader of one customer reads one part of the table.
order by ending.customer_id
