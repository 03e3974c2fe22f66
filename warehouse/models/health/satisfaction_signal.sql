-- What each customer said that tells of satisfaction, on one scale. Orders and parcels have no part in it.
with word_scores as (
    select unnest.source_system, unnest.word, unnest.score
    from (
        select unnest([
            {%- for word in var('satisfaction_words') %}
            {'source_system': '{{ word.source_system }}', 'word': '{{ word.word }}', 'score': {{ word.score }}::double}
            {{- ',' if not loop.last }}
            {%- endfor %}
        ]) as unnest
    )
),

scales as (
    select unnest.source_system, unnest.lowest, unnest.highest
    from (
        select unnest([
            {%- for scale in var('satisfaction_scales') %}
            {'source_system': '{{ scale.source_system }}', 'lowest': {{ scale.lowest }}::double, 'highest': {{ scale.highest }}::double}
            {{- ',' if not loop.last }}
            {%- endfor %}
        ]) as unnest
    )
),

-- Topics in the words of the source that tell how the customer feels, whatever the words of the ticket are.
ticket_topics as (
    select
        *,
        case when topic in ({{ words(var('praise_topics')) }}) then 'praise' else 'complaint' end as kind
    from {{ ref('fct_ticket') }}
    where topic in ({{ words(var('ticket_complaint_topics') + var('praise_topics')) }})
),

signals as (
    select
        'rating' as kind,
        ticket.ticket_key as record_key,
        ticket.customer_id,
        coalesce(word_scores.score, (try_cast(ticket.csat_score as double) - scales.lowest) / (scales.highest - scales.lowest))
            as score,
        coalesce(ticket.solved_at, ticket.opened_at) as said_at,
        ticket.topic,
        ticket.source_system
    from {{ ref('fct_ticket') }} as ticket
    left join word_scores on word_scores.source_system = ticket.source_system and word_scores.word = ticket.csat_score
    left join scales on scales.source_system = ticket.source_system
    where ticket.csat_score is not null
    union all
    select
        'contact_score',
        contact.interaction_id,
        contact.customer_id,
        (contact.satisfaction_score - scales.lowest) / (scales.highest - scales.lowest),
        contact.occurred_at,
        contact.topic,
        contact.source_system
    from {{ ref('interaction') }} as contact
    inner join scales on scales.source_system = contact.source_system
    where contact.satisfaction_score is not null
    union all
    select kind, ticket_key, customer_id, (kind = 'praise')::int, opened_at, topic, source_system
    from ticket_topics
    union all
    -- What the comments of a ticket repeat of its topic is said once.
    select
        said.statement_type,
        said.statement_id,
        said.customer_id,
        (said.statement_type = 'praise')::int,
        said.stated_at,
        said.topic,
        null
    from {{ ref('statement') }} as said
    anti join ticket_topics
        on
            ticket_topics.kind = said.statement_type and ticket_topics.customer_id = said.customer_id
            and said.subject_type = 'ticket' and ticket_topics.ticket_id = said.subject_id
    where said.speaker = 'customer' and said.statement_type in ('complaint', 'praise')
)

select
    kind || ':' || record_key as signal_key,
    customer_id,
    kind,
    score::double as score,
    said_at,
    topic,
    source_system
from signals
-- A number off its scale, like a word that nobody declared, is no rating.
where said_at is not null and score between 0 and 1
