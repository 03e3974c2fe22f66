-- A score without a declared scale stays as it came: 4 is good of 5 and poor of 10.
with scale as (
    select *
    from (
        values
        (null, null, null)
        {%- for system, ends in var('satisfaction_scales').items() %}
        , ('{{ system }}', {{ ends.lowest }}, {{ ends.highest }})
        {%- endfor %}
    ) as declared (source_system, lowest, highest)
    where source_system is not null
),

word as (
    select *
    from (
        values
        {%- for word, score in var('satisfaction_words').items() %}
        ('{{ word }}', {{ score }}::double){{ ',' if not loop.last }}
        {%- endfor %}
    ) as declared (word, score)
),

answers as (
    select
        'tickets' as source_kind,
        source_system,
        source_system || '/tickets/' || {{ record_id_of('ticket_key') }} as source_record_key,
        customer_id,
        topic,
        assignee_employee_id as employee_id,
        coalesce(solved_at, opened_at) as answered_at,
        csat_score as raw_score
    from {{ ref('fct_ticket') }}
    where csat_score is not null and lower(trim(csat_score)) not in ('{{ var("satisfaction_no_answers") | join("', '") }}')
    union all
    select
        source_kind,
        source_system,
        source_record_key,
        customer_id,
        topic,
        employee_id,
        occurred_at,
        satisfaction_score::varchar
    from {{ ref('interaction') }}
    where satisfaction_score is not null
),

placed as (
    select
        answers.*,
        word.score as word_score,
        scale.source_system is not null as has_scale,
        (try_cast(answers.raw_score as double) - scale.lowest) / nullif(scale.highest - scale.lowest, 0) as position
    from answers
    left join word on word.word = lower(trim(answers.raw_score))
    left join scale on scale.source_system = answers.source_system
)

select
    source_record_key,
    source_kind,
    source_system,
    customer_id,
    topic,
    employee_id,
    answered_at,
    raw_score,
    coalesce(word_score, case when position between 0 and 1 then position end)::double as score,
    case
        when word_score is not null or position between 0 and 1 then null
        when try_cast(raw_score as double) is null then 'no declared word'
        when not has_scale then 'no declared scale'
        else 'outside the declared scale'
    end as score_missing_reason
from placed
