with used as (
    select channel, sum(interaction_count)::bigint as interaction_count, min(first_at) as first_at, max(last_at) as last_at
    from {{ ref('contact_map') }}
    group by channel
),

-- Of the last hour before the snapshot only its first contact is sure to lie before it.
recorded as (
    select
        arrival.channel,
        max(if(arrival.last_recorded_at <= now.snapshot_at, arrival.last_recorded_at, arrival.first_recorded_at))
            as last_recorded_at
    from {{ ref('channel_arrival') }} as arrival, {{ ref('snapshot') }} as now
    where arrival.first_recorded_at <= now.snapshot_at
    group by arrival.channel
)

select
    channel.channel,
    channel.label,
    channel.contact_point_type,
    channel.is_human,
    channel.is_addressed,
    coalesce(used.interaction_count, 0) as interaction_count,
    used.first_at as first_used_at,
    used.last_at as last_used_at,
    recorded.last_recorded_at
from {{ channels() }}
left join used using (channel)
left join recorded using (channel)
