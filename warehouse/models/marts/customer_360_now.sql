{{ config(materialized='view') }}
-- Worked out when it is read: a stored age is wrong a second later, and a dead publisher would leave it young for ever.

with now_by_kind as (
    select
        {%- for kind in var('source_kinds') %}
        max(data_age_seconds) filter (where source_kind = '{{ kind }}') as {{ kind }}_age_seconds,
        max(status_now) filter (where source_kind = '{{ kind }}') as {{ kind }}_status_now,
        {%- endfor %}
        {{ worst_status('status_now', 'feed_count > 0') }} as worst_status_now
    from {{ ref('source_status') }}
),

snapshot_due as (
    -- The first promise that runs out: by then somebody must have verified the feed and published again.
    select min(coalesce(verified_at, as_of) + to_seconds(promise_seconds)) as snapshot_due_at
    from {{ ref('feed_mark') }}
    where status in ('FRESH', 'IDLE')
)

select
    customer.customer_id,
    {%- for kind in var('source_kinds') %}
    now_by_kind.{{ kind }}_age_seconds,
    now_by_kind.{{ kind }}_status_now,
    {%- endfor %}
    now_by_kind.worst_status_now,
    coalesce(now_by_kind.worst_status_now not in ('FRESH', 'IDLE'), true) as is_stale_now,
    {{ age_seconds('customer.published_at', "now() at time zone 'UTC'") }} as snapshot_age_seconds,
    snapshot_due.snapshot_due_at,
    coalesce(now() at time zone 'UTC' > snapshot_due.snapshot_due_at or snapshot_age_seconds is null, true)
        as is_snapshot_overdue
from {{ ref('customer_360') }} as customer
cross join now_by_kind
cross join snapshot_due
