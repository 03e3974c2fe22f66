-- The most restrictive statement that stands wins: one refusal outweighs every consent, whichever of the merged records
-- it is in, unless the customer undid it.
with standing as (
    select * from {{ ref('consent_event') }} where customer_id is not null and undone_at is null
),

addressed as (
    select channel.channel
    from {{ channels() }}
    where channel.is_addressed
),

-- Decided once for what was said of all channels, and once more for a channel of which something was said apart.
scope as (
    select distinct customer_id, channel from standing
),

decided as (
    select
        scope.customer_id,
        scope.channel,
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
    from scope
    inner join standing as event
        on event.customer_id = scope.customer_id and event.channel in (scope.channel, 'all')
    group by all
),

stated as (
    select
        golden.customer_id,
        addressed.channel,
        coalesce(apart.granted_count, of_all.granted_count, 0) as granted_count,
        coalesce(apart.refused_count, of_all.refused_count, 0) as refused_count,
        coalesce(apart.decisive, of_all.decisive) as decisive
    from {{ source('identity', 'golden_customers') }} as golden
    cross join addressed
    left join decided as apart on apart.customer_id = golden.customer_id and apart.channel = addressed.channel
    left join decided as of_all on of_all.customer_id = golden.customer_id and of_all.channel = 'all'
)

select
    customer_id || '/' || channel || '/marketing' as consent_key,
    customer_id,
    channel,
    'marketing' as purpose,
    case when refused_count > 0 then 'refused' when granted_count > 0 then 'granted' else 'unknown' end as status,
    case
        when decisive.stated_by in ('unsubscribe', 'complaint') then decisive.stated_by || ' of a message'
        when decisive.stated_by is not null then 'said in ' || decisive.stated_by
        else 'never asked'
    end as status_reason,
    granted_count,
    refused_count,
    granted_count > 0 and refused_count > 0 as is_conflict,
    decisive.captured_at,
    decisive.source_system,
    decisive.contact_point_type,
    decisive.contact_point
from stated
