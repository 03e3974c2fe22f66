-- What was frozen stays whatever is measured since; of what is not known there is no baseline yet.
with frozen as (
    select metric, goal, as_of_date, measured_value, unit, basis_count, frozen_at
    from {{ source('history', 'baseline') }}
)

select * from frozen
union all
select
    outcome.metric,
    outcome.goal,
    outcome.as_of_date,
    outcome.measured_value,
    outcome.unit,
    outcome.basis_count,
    snapshot.snapshot_at as frozen_at
from {{ ref('outcome') }} as outcome
cross join {{ ref('snapshot') }} as snapshot
where
    outcome.measured_value is not null
    and outcome.metric not in (select metric from frozen)
    {%- if var('go_live_on') %}
    and outcome.as_of_date >= date '{{ var('go_live_on') }}'
    {%- endif %}
