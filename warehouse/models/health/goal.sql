with goals as (
    select unnest([
        {%- for goal in var('goals') %}
        {
            'goal_id': '{{ goal.goal_id }}', 'description': '{{ goal.description }}', 'owner': '{{ goal.owner }}',
            'measure': '{{ goal.measure }}', 'target_value': {{ goal.target_value }}::double,
            'go_live_on': date '{{ goal.go_live_on }}'
        }{{ ',' if not loop.last }}
        {%- endfor %}
    ], recursive := true)
),

-- Months that are over, each with how many there were and how many of them were as wanted.
monthly as (
    select 'repeat_rate' as measure, ordered_month as month, buyer_count as total, repeat_buyer_count as wanted
    from {{ ref('repeat_business') }}
    union all
    select
        'on_time_rate',
        date_trunc('month', parcel.promised_delivery_at)::date,
        count(*),
        count(*) filter (where not parcel.is_late)
    from {{ ref('fct_shipment') }} as parcel
    cross join {{ ref('snapshot') }} as snapshot
    where
        parcel.is_late is not null and parcel.status is distinct from 'voided'
        and parcel.promised_delivery_at < date_trunc('month', snapshot.snapshot_at)
    group by all
    union all
    select
        'promise_kept_rate',
        date_trunc('month', promise.due_at)::date,
        count(*),
        count(*) filter (where promise.status = 'kept')
    from {{ ref('follow_up') }} as promise
    cross join {{ ref('snapshot') }} as snapshot
    where
        promise.kind = 'promise' and promise.status in ('kept', 'kept_late', 'broken')
        and promise.due_at < date_trunc('month', snapshot.snapshot_at)
    group by all
),

today as (
    select snapshot_at::date as measured_on, date_trunc('month', snapshot_at)::date as until
    from {{ ref('snapshot') }}
),

periods as (
    select goal_id, measure, 'baseline' as period, go_live_on as until
    from goals
    union all
    select goals.goal_id, goals.measure, 'current', today.until
    from goals
    cross join today
),

rates as (
    select periods.goal_id, periods.period, (sum(monthly.wanted) / sum(monthly.total))::double as rate
    from periods
    inner join monthly using (measure)
    where monthly.month < periods.until and monthly.month >= periods.until - interval {{ var('goal_months') }} month
    group by all
)

select
    goals.goal_id,
    goals.description,
    goals.owner,
    goals.measure,
    goals.target_value,
    goals.go_live_on,
    today.measured_on,
    baseline.rate as baseline_value,
    latest.rate as current_value,
    latest.rate >= goals.target_value as is_met
from goals
cross join today
left join rates as baseline on baseline.goal_id = goals.goal_id and baseline.period = 'baseline'
left join rates as latest on latest.goal_id = goals.goal_id and latest.period = 'current'
