-- What customers let us know beside their business with us, to whom it should go, and whether anybody took it up.
{% set routes = var('insight_routes') %}
with routes as (
    {% for topic, function in routes.items() -%}
    select '{{ topic }}' as topic, '{{ function }}' as routed_to
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

stated as (
    select
        statement_id as insight_id,
        customer_id,
        interaction_id,
        statement_type as insight_type,
        topic,
        statement_text as insight_text,
        'stated' as knowledge_class,
        employee_id as captured_by_employee_id,
        stated_at as captured_at,
        recorded_at
    from {{ ref('statement') }}
    where
        speaker = 'customer'
        and (
            statement_type in ('need', 'preference', 'complaint', 'praise')
            -- Facts that customers tell of themselves or of us; what they tell of a payment or an order is business.
            or (statement_type = 'fact' and topic in (select topic from routes))
        )
),

-- A contact on such a topic in which no rule knows a remark: that there is one, follows from the topic alone.
inferred as (
    select
        'remark:' || contact.interaction_id as insight_id,
        contact.customer_id,
        contact.interaction_id,
        'remark' as insight_type,
        lower(replace(contact.topic, '_', ' ')) as topic,
        contact.summary as insight_text,
        'inferred' as knowledge_class,
        contact.employee_id as captured_by_employee_id,
        contact.occurred_at as captured_at,
        contact.recorded_at
    from {{ ref('interaction') }} as contact
    inner join routes on routes.topic = lower(replace(contact.topic, '_', ' '))
    anti join {{ ref('statement') }} as statement on statement.interaction_id = contact.interaction_id
    where contact.source_kind = 'interactions' and contact.direction = 'inbound'
),

insights as (
    select * from stated
    union all
    select * from inferred
),

functions as (
    select employee_id, any_value(function) as function
    from {{ ref('dim_employee') }}
    group by employee_id
    having count(distinct function) = 1
),

taken_up as (
    select
        contact.customer_id,
        functions.function,
        lower(replace(contact.topic, '_', ' ')) as topic,
        contact.occurred_at,
        contact.interaction_id
    from {{ ref('interaction') }} as contact
    inner join functions on functions.employee_id = contact.employee_id
    where contact.source_kind = 'interactions' and contact.direction in ('outbound', 'internal')
)

select
    insights.*,
    coalesce(routes.routed_to, '{{ var("insight_route_default") }}') as routed_to,
    taken_up.occurred_at as acted_on_at,
    taken_up.interaction_id as acted_on_evidence
from insights
left join routes on routes.topic = insights.topic
asof left join taken_up
    on
        taken_up.customer_id = insights.customer_id and taken_up.topic = insights.topic
        and taken_up.function = coalesce(routes.routed_to, '{{ var("insight_route_default") }}')
        and taken_up.occurred_at > insights.captured_at
