-- One question a customer: the first in declared order whose answer is not known. Answering it closes it by itself.
with reached as (
    select distinct customer_id
    from {{ ref('contact_point') }}
),

asked as (
    select customer_id
    from {{ ref('consent_current') }}
    group by customer_id
    having bool_or(status <> 'unknown')
),

preferring as (
    select customer_id
    from {{ ref('channel_preference') }}
    where is_preferred
),

-- Only the customer can say why: a stated reason closes the question.
gaps as (
    select customer_id
    from {{ ref('category_gap') }}
    where is_gap and reason_stated is null
),

lacking as (
    select
        customer.customer_id,
        reached.customer_id is null as contact_point,
        asked.customer_id is null as consent,
        preferring.customer_id is null as preferred_channel,
        gaps.customer_id is not null as category_gap
    from {{ ref('dim_customer') }} as customer
    left join reached using (customer_id)
    left join asked using (customer_id)
    left join preferring using (customer_id)
    left join gaps using (customer_id)
)

select
    customer_id,
    case
        {%- for question in var('questions') %}
        when {{ question.about }} then '{{ question.about }}'
        {%- endfor %}
    end as about,
    case
        {%- for question in var('questions') %}
        when {{ question.about }} then '{{ question.ask }}'
        {%- endfor %}
    end as question,
    contact_point::bigint + consent::bigint + preferred_channel::bigint + category_gap::bigint as unknown_count
from lacking
where {% for question in var('questions') %}{{ question.about }}{{ ' or ' if not loop.last }}{% endfor %}
