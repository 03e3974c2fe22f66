-- Whole days (UTC), so that an outcome does not move while the day goes on.
with span as (
    select
        snapshot_at::date as as_of_date,
        snapshot_at::date::timestamp as until,
        snapshot_at::date::timestamp - interval {{ var('outcome_days') }} day as since
    from {{ ref('snapshot') }}
),

-- A customer repeats when an order of the span follows one of an earlier day, whenever that was.
buyers as (
    select customer_id, max(ordered_at)::date > min(ordered_at)::date as is_repeating
    from {{ ref('fct_order') }}
    cross join span
    where customer_id is not null and not is_cancelled and ordered_at < span.until
    group by customer_id
    having max(ordered_at) >= any_value(span.since)
),

touched as (
    select
        customer_id,
        campaign_id,
        bool_or(action = 'sent') as is_sent,
        bool_or(action = 'click' and is_machine is not true) as is_clicked
    from {{ ref('fct_campaign_touch') }}
    cross join span
    where customer_id is not null and occurred_at >= span.since and occurred_at < span.until
    group by all
),

measured as (
    select
        'repeat_business' as metric, 'More customers come back to buy.' as goal, 'share' as unit,
        avg(is_repeating::int) as measured_value, count(*) as basis_count
    from buyers
    union all
    select
        'late_parcels', 'Fewer parcels come late.', 'share',
        avg(is_late::int), count(is_late)
    from {{ ref('fct_shipment') }}
    cross join span
    where promised_delivery_at >= span.since and promised_delivery_at < span.until
    union all
    select
        'promises_kept', 'We do what we said, when we said.', 'share',
        avg((promise.status = 'kept')::int), count(*)
    from {{ ref('follow_up') }} as promise
    cross join span
    where
        promise.kind = 'promise' and promise.status in ('kept', 'kept_late', 'broken')
        and promise.due_at >= span.since and promise.due_at < span.until
    union all
    select
        'returned_payments', 'Fewer payments are returned by the bank.', 'share',
        avg((status = 'returned')::int), count(*)
    from {{ ref('fct_payment') }}
    cross join span
    where status in ('cleared', 'returned') and occurred_at >= span.since and occurred_at < span.until
    union all
    select
        'first_reply', 'Tickets are answered sooner.', 'hours',
        median(first_reply_hours), count(first_reply_hours)
    from {{ ref('fct_ticket') }}
    cross join span
    where opened_at >= span.since and opened_at < span.until
    union all
    select
        'campaign_clicks', 'More of the people written to answer by a click.', 'share',
        avg(is_clicked::int), count(*)
    from touched
    where is_sent
    union all
    select
        'known_in_two_systems', 'More customers are recognised in more than one system.', 'share',
        avg((source_count >= 2)::int), count(*)
    from {{ ref('dim_customer') }}
),

declared as (
    select unnest([
        {%- for metric, goal in var('goals').items() %}
        {
            'metric': '{{ metric }}', 'owner': '{{ goal.owner }}',
            'at_least': {{ goal.at_least | default('null') }}::double,
            'at_most': {{ goal.at_most | default('null') }}::double
        }{{ ',' if not loop.last }}
        {%- endfor %}
    ], recursive := true)
)

select
    measured.metric,
    span.as_of_date,
    measured.goal,
    declared.owner,
    measured.measured_value::double as measured_value,
    measured.unit,
    measured.basis_count::bigint as basis_count,
    coalesce(declared.at_least, declared.at_most) as target_value,
    coalesce(measured.measured_value >= declared.at_least, measured.measured_value <= declared.at_most) as is_met
from measured
cross join span
left join declared using (metric)
