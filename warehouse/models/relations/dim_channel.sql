with used as (
    select channel, sum(interaction_count)::bigint as interaction_count, min(first_at) as first_at, max(last_at) as last_at
    from {{ ref('contact_map') }}
    group by channel
)

select
    channel.channel,
    channel.label,
    channel.contact_point_type,
    channel.is_human,
    channel.is_addressed,
    coalesce(used.interaction_count, 0) as interaction_count,
    used.first_at as first_used_at,
    used.last_at as last_used_at
from {{ channels() }}
left join used using (channel)
