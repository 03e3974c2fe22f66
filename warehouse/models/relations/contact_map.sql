with used as (
    select
        channel,
        interaction_type,
        direction,
        count(*) as interaction_count,
        count(distinct customer_id) as customer_count,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at
    from {{ ref('interaction') }}
    group by all
)

select
    concat_ws('/', used.channel, used.interaction_type, coalesce(used.direction, '-')) as contact_map_key,
    used.channel,
    channel.contact_point_type,
    used.interaction_type,
    used.direction,
    used.interaction_count,
    used.customer_count,
    used.first_at,
    used.last_at
from used
left join {{ channels() }} on channel.channel = used.channel
