-- What a machine opened tells nothing of what the customer uses.
with seen as (
    select customer_id, 'mail_program' as facet, client, occurred_at
    from ({{ identified('campaign_responses') }}) as response
    where client is not null and is_machine is not true
    union all
    select customer_id, 'browser', client, registered_at
    from ({{ identified('web_registrations') }}) as form
    where client is not null
),

counted as (
    select
        customer_id,
        facet,
        client,
        count(*) as use_count,
        min(occurred_at) as first_seen_at,
        max(occurred_at) as last_seen_at
    from seen
    where customer_id is not null
    group by customer_id, facet, client
)

select
    customer_id || '/' || facet || '/' || client as technology_key,
    customer_id,
    facet,
    client,
    use_count,
    first_seen_at,
    last_seen_at,
    row_number() over (
        partition by customer_id, facet order by last_seen_at desc nulls last, use_count desc, client
    ) = 1 as is_latest
from counted
