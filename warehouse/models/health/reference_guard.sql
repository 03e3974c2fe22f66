{{ config(materialized='view') }}
-- Asked when somebody is about to ask for a reference: a source that has gone stale since takes the permission back.

with unheard as (
    select list(feed || ' is ' || status_now order by feed) as reasons
    from {{ ref('feed_status') }}
    where entity in ({{ words(var('reference_source_kinds')) }}) and status_now not in ('FRESH', 'IDLE', 'LATE')
)

select
    health.customer_id,
    case when not health.is_reference_ready or len(unheard.reasons) is null then health.is_reference_ready end
        as is_reference_ready,
    case
        when health.is_reference_ready then coalesce(unheard.reasons, [])
        else health.reference_block_reasons
    end as reference_block_reasons
from {{ ref('customer_health') }} as health
cross join unheard
