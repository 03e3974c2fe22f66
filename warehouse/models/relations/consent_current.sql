-- The most restrictive statement wins: one refusal outweighs every consent, whichever of the merged records it is in.
with addressed as (
    select channel.channel
    from {{ channels() }}
    where channel.is_addressed
),

stated as (
    select
        event.customer_id,
        addressed.channel,
        event.purpose,
        count(*) filter (where event.status = 'granted') as granted_count,
        count(*) filter (where event.status = 'refused') as refused_count,
        -- The newest of the statements that decide.
        arg_max(
            {
                'captured_at': event.captured_at,
                'source_system': event.source_system,
                'stated_by': event.stated_by,
                'contact_point_type': event.contact_point_type,
                'contact_point': event.contact_point
            },
            row(event.status = 'refused', coalesce(event.captured_at, timestamp '1970-01-01'), event.source_record_key)
        ) as decisive
    from {{ ref('consent_event') }} as event
    inner join addressed on event.channel in (addressed.channel, 'all')
    where event.customer_id is not null
    group by all
)

select
    golden.customer_id || '/' || addressed.channel || '/marketing' as consent_key,
    golden.customer_id,
    addressed.channel,
    'marketing' as purpose,
    case
        when stated.refused_count > 0 then 'refused'
        when stated.granted_count > 0 then 'granted'
        else 'unknown'
    end as status,
    case
        when stated.decisive.stated_by in ('unsubscribe', 'complaint') then stated.decisive.stated_by || ' of a message'
        when stated.decisive.stated_by is not null then 'said in ' || stated.decisive.stated_by
        else 'never asked'
    end as status_reason,
    coalesce(stated.granted_count, 0) as granted_count,
    coalesce(stated.refused_count, 0) as refused_count,
    coalesce(stated.granted_count > 0 and stated.refused_count > 0, false) as is_conflict,
    stated.decisive.captured_at,
    stated.decisive.source_system,
    stated.decisive.contact_point_type,
    stated.decisive.contact_point
from {{ source('identity', 'golden_customers') }} as golden
cross join addressed
left join stated on stated.customer_id = golden.customer_id and stated.channel = addressed.channel
