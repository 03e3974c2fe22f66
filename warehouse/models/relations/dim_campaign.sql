select
    source_system || '/' || campaign_id as campaign_key,
    campaign_id,
    source_system,
    arg_max(campaign_name, row(coalesce(occurred_at, timestamp '1970-01-01'), touch_key)) as campaign_name,
    case when count(distinct channel) = 1 then min(channel) end as channel,
    min(occurred_at) filter (where action = 'sent') as first_sent_at,
    max(occurred_at) filter (where action = 'sent') as last_sent_at,
    count(*) filter (where action = 'sent') as sent_count,
    count(*) filter (where action = 'bounce') as bounce_count
from {{ ref('fct_campaign_touch') }}
group by source_system, campaign_id
