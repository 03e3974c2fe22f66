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

-- Wishes from the newest on, habits from the commonest on.
ranked as (
    select
        *,
        sum(contact_count) over (partition by customer_id, basis) as basis_count,
        row_number() over standing as position,
        lead(contact_count) over standing as next_count,
        bool_or(basis = 'stated') over (partition by customer_id) as has_stated
    from both_bases
    window standing as (
        partition by customer_id, basis
        order by
            case when basis = 'stated' then epoch(last_at) else contact_count end desc nulls last,
            contact_count desc,
            channel
    )
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
        when basis = 'stated' then position = 1
        when has_stated or basis_count < {{ var('preference_least_contacts') }} then false
        else position = 1 and contact_count > coalesce(next_count, 0)
    end as is_preferred
from ranked
-- So that a reader of one customer reads one part of the table.
order by customer_id
