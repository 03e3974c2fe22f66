-- What each customer said that tells of satisfaction, on one scale. Orders and parcels have no part in it.
-- Topics in the words of the source that tell how the customer feels, whatever the words of the ticket are.
with ticket_topics as (
    select
        *,
        case when topic in ({{ words(var('praise_topics')) }}) then 'praise' else 'complaint' end as kind
    from {{ ref('fct_ticket') }}
    where topic in ({{ words(var('ticket_complaint_topics') + var('praise_topics')) }})
),

-- A statement names its ticket by the id alone; where two systems issued it for one customer, no order is sure.
orders_of_tickets as (
    select customer_id, ticket_id, min(order_key) as order_key
    from {{ ref('fct_ticket') }}
    where order_key is not null
    group by customer_id, ticket_id
    having count(distinct order_key) = 1
),

signals as (
    select
        if(source_kind = 'tickets', 'rating', 'contact_score') as kind,
        source_record_key as record_key,
        customer_id,
        score,
        answered_at as said_at,
        topic,
        null as order_key,
        source_system
    from {{ ref('fct_survey') }}
    union all
    select kind, ticket_key, customer_id, (kind = 'praise')::int, opened_at, topic, order_key, source_system
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
        orders_of_tickets.order_key,
        null
    from {{ ref('statement') }} as said
    anti join ticket_topics
        on
            ticket_topics.kind = said.statement_type and ticket_topics.customer_id = said.customer_id
            and said.subject_type = 'ticket' and ticket_topics.ticket_id = said.subject_id
    left join orders_of_tickets
        on
            orders_of_tickets.customer_id = said.customer_id
            and said.subject_type = 'ticket' and orders_of_tickets.ticket_id = said.subject_id
    where said.speaker = 'customer' and said.statement_type in ('complaint', 'praise')
)

select
    kind || ':' || record_key as signal_key,
    customer_id,
    kind,
    score::double as score,
    said_at,
    topic,
    order_key,
    source_system
from signals
-- A number off its scale, like a word that nobody declared, is no rating.
where said_at is not null and score is not null
