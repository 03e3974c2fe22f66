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

contacts as (
    select * from {{ ref('interaction') }}
    where source_kind = 'interactions' and direction = 'inbound'
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
        contacts.interaction_id,
        contacts.customer_id,
        (contacts.satisfaction_score - scales.lowest) / (scales.highest - scales.lowest),
        contacts.occurred_at,
        contacts.topic,
        contacts.source_system
    from contacts
    inner join scales on scales.source_system = contacts.source_system
    where contacts.satisfaction_score is not null
    union all
    select
        case when topic in ({{ words(var('praise_topics')) }}) then 'praise' else 'complaint' end,
        ticket_key,
        customer_id,
        (topic in ({{ words(var('praise_topics')) }}))::int,
        opened_at,
        topic,
        source_system
    from {{ ref('fct_ticket') }}
    where topic in ({{ words(var('ticket_complaint_topics') + var('praise_topics')) }})
    union all
    select
        case when topic in ({{ words(var('praise_topics')) }}) then 'praise' else 'complaint' end,
        interaction_id,
        customer_id,
        (topic in ({{ words(var('praise_topics')) }}))::int,
        occurred_at,
        topic,
        source_system
    from contacts
    where topic in ({{ words(var('contact_complaint_topics') + var('praise_topics')) }})
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
