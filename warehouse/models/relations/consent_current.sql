-- The most restrictive statement that stands wins: one refusal outweighs every consent, whichever of the merged records
-- it is in, unless the customer undid it.
with addressed as (
    select channel.channel
    from {{ channels() }}
    where channel.is_addressed
),

-- Of several statements the weightiest decides: a refusal, then the newest.
weighed as (
    select
        *,
        row_number() over (
            order by status = 'refused', coalesce(captured_at, timestamp '1970-01-01'), source_record_key
        ) as weight
    from (
        select
            customer_id, channel, status, captured_at, source_system, stated_by, contact_point_type, contact_point,
            source_record_key
        from {{ ref('consent_event') }}
        where customer_id is not null and undone_at is null
    )
),

-- What was said of all channels, and what was said of one apart.
said as (
    select
        customer_id,
        channel,
        count(*) filter (where status = 'granted') as granted_count,
        count(*) filter (where status = 'refused') as refused_count,
        max(weight) as weight
    from weighed
    group by all
),

of_all as (
    select customer_id, granted_count, refused_count, weight
    from said
    where channel = 'all'
),

-- Decided once for what was said of all channels, and once more for a channel of which something was said apart.
apart as (
    select
        said.customer_id,
        said.channel,
        said.granted_count + coalesce(of_all.granted_count, 0) as granted_count,
        said.refused_count + coalesce(of_all.refused_count, 0) as refused_count,
        greatest(said.weight, of_all.weight) as weight
    from said
    left join of_all using (customer_id)
    where said.channel <> 'all'
),

golden as (
    select golden.customer_id, of_all.granted_count, of_all.refused_count, of_all.weight
    from {{ source('identity', 'golden_customers') }} as golden
    left join of_all using (customer_id)
),

stated as (
    select
        golden.customer_id,
        addressed.channel,
        coalesce(apart.granted_count, golden.granted_count, 0) as granted_count,
        coalesce(apart.refused_count, golden.refused_count, 0) as refused_count,
        coalesce(apart.weight, golden.weight) as weight
    from golden
    cross join addressed
    left join apart on apart.customer_id = golden.customer_id and apart.channel = addressed.channel
)

select
    stated.customer_id || '/' || stated.channel || '/marketing' as consent_key,
    stated.customer_id,
    stated.channel,
    'marketing' as purpose,
    case
        when stated.refused_count > 0 then 'refused' when stated.granted_count > 0 then 'granted' else 'unknown'
    end as status,
    case
        when decisive.stated_by in ('unsubscribe', 'complaint') then decisive.stated_by || ' of a message'
        when decisive.stated_by is not null then 'said in ' || decisive.stated_by
        else 'never asked'
    end as status_reason,
    stated.granted_count,
    stated.refused_count,
    stated.granted_count > 0 and stated.refused_count > 0 as is_conflict,
    decisive.captured_at,
    decisive.source_system,
    decisive.contact_point_type,
    decisive.contact_point
from stated
left join weighed as decisive using (weight)
