-- What customers asked for outweighs what they do; of what they do, one channel must stand out.
with stated as (
    select
        of_account.customer_id,
        account.preferred_channel as channel,
        'stated' as basis,
        count(*) as contact_count,
        max(coalesce(account._changed_at, account.created_at)) as last_at
    from {{ source('staging', 'accounts') }} as account
    inner join {{ source('identity', 'customer_crosswalk') }} as of_account
        on of_account.source_record_key = account._source_system || '/accounts/' || account._key
    where not account._is_deleted and account.preferred_channel is not null
    group by all
),

days as (
    select
        snapshot_at::date::timestamp as until,
        snapshot_at::date::timestamp - interval {{ var('preference_days') }} day as since
    from {{ ref('snapshot') }}
),

-- A comment belongs to its ticket, which is one contact however often somebody writes.
contacts as (
    select customer_id, channel, occurred_at
    from {{ ref('interaction') }}
    where source_kind in ('orders', 'tickets') and direction = 'inbound'
    union all
    select customer_id, channel, occurred_at
    from ({{ identified('interactions') }}) as contact
    where direction = 'inbound' and ticket_id is null
),

observed as (
    select customer_id, channel, 'observed' as basis, count(*) as contact_count, max(occurred_at) as last_at
    from contacts
    cross join days
    where customer_id is not null and channel <> 'other' and occurred_at >= days.since and occurred_at < days.until
    group by all
),

both_bases as (
    select * from stated
    union all
    select * from observed
),

compared as (
    select
        *,
        sum(contact_count) over same_basis as basis_count,
        row_number() over (same_basis order by last_at desc nulls last, contact_count desc, channel) as recency,
        max(contact_count) over same_basis as most,
        bool_or(basis = 'stated') over (partition by customer_id) as has_stated
    from both_bases
    window same_basis as (partition by customer_id, basis)
),

ranked as (
    select *, count(*) filter (where contact_count = most) over (partition by customer_id, basis) as leader_count
    from compared
)

select
    customer_id || '/' || channel || '/' || basis as preference_key,
    customer_id,
    channel,
    basis,
    contact_count,
    (contact_count / basis_count)::double as share,
    last_at,
    case
        when basis = 'stated' then recency = 1
        when has_stated or basis_count < {{ var('preference_least_contacts') }} then false
        else contact_count = most and leader_count = 1
    end as is_preferred
from ranked
