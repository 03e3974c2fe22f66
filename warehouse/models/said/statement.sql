-- What was said, and what became of it.

with utterances as (
    select *, if(speaker = 'customer', 'inbound', 'outbound') as from_side from {{ ref('utterance') }}
),

-- A question is answered by what the other side says next on the same subject.
answers as (
    select
        {{ matter('event.customer_id', 'event.subject_type', 'event.subject_id') }} as matter,
        if(event.direction = 'inbound', 'outbound', 'inbound') as to_side,
        event.occurred_at
    from {{ ref('interaction') }} as event
    semi join (select distinct customer_id from utterances where statement_type = 'question') using (customer_id)
    where
        event.source_kind = 'interactions' and event.subject_id is not null
        and (event.direction = 'inbound' or (event.direction = 'outbound' and event.is_public is not false))
),

answered as (
    select utterances.statement_id
    from utterances
    asof inner join answers
        on
            answers.matter = utterances.matter and answers.to_side = utterances.from_side
            and answers.occurred_at > utterances.stated_at
    where utterances.statement_type = 'question' and utterances.subject_id is not null
),

-- An instruction repeated shares what became of the first one.
outcomes as (
    select
        unnest(list_prepend(obligation.statement_id, obligation.repeated_by_statement_ids)) as statement_id,
        obligation.statement_id as opened_by_statement_id,
        obligation.withdrawn_by_statement_id,
        follow_up.status,
        starts_with(follow_up.breach_evidence, 'acted against: ') as is_contradicted
    from {{ ref('obligation') }} as obligation
    inner join {{ ref('follow_up') }} as follow_up on follow_up.opened_by_statement_id = obligation.statement_id
),

preferences as (
    select
        statement_id,
        lead(statement_id) over spoken as superseded_by_statement_id,
        lag(statement_id) over spoken as supersedes_statement_id
    from utterances
    where statement_type = 'preference' and customer_id is not null and about is null
    window spoken as (partition by customer_id, topic, subject_type, subject_id order by stated_at, statement_id)
    union all
    select
        statement_id,
        superseded_by_statement_id,
        (
            select min(former.statement_id)
            from {{ ref('delivery_preference') }} as former
            where former.superseded_by_statement_id = wish.statement_id
        )
    from {{ ref('delivery_preference') }} as wish
),

taken_back as (
    select withdrawn_by_statement_id as statement_id, min(opened_by_statement_id) as supersedes_statement_id
    from outcomes
    where withdrawn_by_statement_id is not null
    group by withdrawn_by_statement_id
)

select
    utterances.statement_id,
    utterances.customer_id,
    utterances.interaction_id,
    utterances.speaker,
    utterances.statement_type,
    utterances.action,
    utterances.effect,
    utterances.topic,
    utterances.subject_type,
    utterances.subject_id,
    utterances.statement_text,
    case
        when outcomes.status = 'withdrawn' then 'withdrawn'
        when outcomes.is_contradicted then 'contradicted'
        when outcomes.status in ('kept', 'kept_late') then 'fulfilled'
        when answered.statement_id is not null then 'answered'
        when preferences.superseded_by_statement_id is not null then 'superseded'
        else 'active'
    end as status,
    coalesce(preferences.superseded_by_statement_id, outcomes.withdrawn_by_statement_id) as superseded_by_statement_id,
    coalesce(preferences.supersedes_statement_id, taken_back.supersedes_statement_id) as supersedes_statement_id,
    utterances.stated_at,
    utterances.recorded_at,
    utterances.employee_id,
    utterances.basis,
    utterances.rule_id,
    utterances.confidence,
    utterances.evidence
from utterances
left join outcomes using (statement_id)
left join answered using (statement_id)
left join preferences using (statement_id)
left join taken_back using (statement_id)
-- By customer, so that a reader of one customer reads one part of the file.
order by utterances.customer_id
