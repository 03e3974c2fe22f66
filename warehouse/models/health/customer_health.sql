-- A count is null where no feed brings such rows: then nothing is known of it.
-- Satisfaction is what a customer said, loyalty is what a customer does: neither looks at what the other is made of.
with today as (
    select
        snapshot_at,
        snapshot_at::date as as_of_date,
        snapshot_at::date::timestamp - interval {{ var('recent_days') }} day as recent_since
    from {{ ref('snapshot') }}
),

fed as (
    {{ fed(['orders', 'shipments', 'tickets', 'interactions']) }}
),

satisfaction as (
    select
        signal.customer_id,
        avg(signal.score) as satisfaction_score,
        count(*) as satisfaction_evidence_count,
        max_by(signal, row(signal.said_at, signal.signal_key)) filter (where signal.kind in ('rating', 'contact_score')) as last_rating,
        max(signal.said_at) filter (where signal.kind = 'complaint' and signal.said_at >= today.recent_since)
            as last_complaint_at
    from {{ ref('satisfaction_signal') }} as signal
    cross join today
    where
        signal.customer_id is not null
        and signal.said_at > today.snapshot_at - interval {{ var('satisfaction_days') }} day
    group by signal.customer_id
),

tickets as (
    select
        customer_id,
        count(*) as open_ticket_count,
        min(opened_at) as oldest_open_ticket_at,
        min(opened_at) filter (where priority = 'urgent') as oldest_urgent_ticket_at
    from {{ ref('fct_ticket') }}
    where customer_id is not null and is_open
    group by customer_id
),

parcels as (
    select
        parcel.customer_id,
        count(*) filter (where parcel.promised_delivery_at >= today.recent_since) as late_delivery_count_90d,
        max(parcel.delivered_at) filter (where parcel.delivered_at >= today.recent_since) as last_late_delivery_at,
        min(parcel.promised_delivery_at) filter (where parcel.is_undelivered) as overdue_since
    from {{ ref('fct_shipment') }} as parcel
    cross join today
    where parcel.customer_id is not null and parcel.is_late
    group by parcel.customer_id
),

words as (
    select
        word.customer_id,
        count(*) filter (where word.kind = 'promise' and word.status = 'broken' and word.due_at >= today.recent_since)
            as broken_promise_count_90d,
        count(*) filter (where word.kind = 'promise' and word.status = 'open') as open_promise_count,
        count(*) filter (where word.kind = 'promise' and word.is_overdue) as overdue_promise_count,
        count(*) filter (where word.kind = 'instruction' and word.status = 'open') as open_instruction_count,
        arg_min(
            {'matter': coalesce(opening.topic, replace(word.action, '_', ' ')), 'due_at': word.due_at},
            row(word.due_at, word.opened_by_statement_id)
        ) filter (where word.is_overdue) as oldest_overdue
    from {{ ref('follow_up') }} as word
    cross join today
    inner join {{ ref('statement') }} as opening on opening.statement_id = word.opened_by_statement_id
    where word.customer_id is not null
    group by word.customer_id
),

contradictions as (
    select customer_id, count(*) as open_contradiction_count, max(happened_at) as last_contradiction_at
    from {{ ref('contradiction') }}
    where is_open
    group by customer_id
),

held as (
    select customer_id, sum(held_row_count)::bigint as held_row_count
    from {{ ref('customer_source') }}
    where source_kind in ({{ words(var('reference_source_kinds')) }}) and held_row_count > 0
    group by customer_id
),

wanted as (
    select unnest([{{ words(var('reference_source_kinds')) }}]) as source_kind
),

silent_sources as (
    select
        list(
            case
                when mark.feed is null then 'no source of ' || wanted.source_kind || ' has ever been read'
                when mark.is_complete is false then mark.feed || ' is known to miss rows'
                when mark.status in ('PARTIAL', 'HELD') then mark.feed || ' is ' || lower(mark.status)
                when coalesce(mark.verified_at, mark.as_of) is null then mark.feed || ' has never been read'
                else mark.feed || ' has not been read since ' || coalesce(mark.verified_at, mark.as_of)::date
            end
            order by wanted.source_kind, mark.feed
        ) as reasons
    from wanted
    left join {{ ref('feed_mark') }} as mark on mark.entity = wanted.source_kind
    where coalesce(mark.status not in ('FRESH', 'IDLE', 'LATE'), true) or mark.is_complete is false
),

gathered as (
    select
        customer.customer_id,
        today.as_of_date,
        satisfaction.satisfaction_score,
        coalesce(satisfaction.satisfaction_evidence_count, 0) as satisfaction_evidence_count,
        rhythm.loyalty_score,
        coalesce(rhythm.order_day_count, 0) as loyalty_evidence_count,
        coalesce(tickets.open_ticket_count, case when fed.has_tickets then 0 end) as open_ticket_count,
        {{ days_between('tickets.oldest_open_ticket_at', 'today.snapshot_at') }} as oldest_open_ticket_days,
        {{ days_between('tickets.oldest_urgent_ticket_at', 'today.snapshot_at') }} as urgent_open_ticket_days,
        coalesce(parcels.late_delivery_count_90d, case when fed.has_shipments then 0 end) as late_delivery_count_90d,
        coalesce(words.broken_promise_count_90d, case when fed.has_interactions or fed.has_tickets then 0 end) as broken_promise_count_90d,
        coalesce(words.open_promise_count, case when fed.has_interactions or fed.has_tickets then 0 end) as open_promise_count,
        coalesce(words.overdue_promise_count, case when fed.has_interactions or fed.has_tickets then 0 end) as overdue_promise_count,
        coalesce(words.open_instruction_count, case when fed.has_interactions or fed.has_tickets then 0 end) as open_instruction_count,
        coalesce(contradictions.open_contradiction_count, case when fed.has_interactions or fed.has_tickets then 0 end) as open_contradiction_count,
        words.oldest_overdue.matter as overdue_matter,
        {{ days_between('words.oldest_overdue.due_at', 'today.snapshot_at') }} as overdue_days,
        contradictions.last_contradiction_at,
        {{ days_between('parcels.overdue_since', 'today.snapshot_at') }} as parcel_overdue_days,
        parcels.last_late_delivery_at,
        satisfaction.last_rating,
        satisfaction.last_complaint_at,
        rhythm.days_since_last_order,
        fed.has_orders,
        held.held_row_count
    from {{ ref('dim_customer') }} as customer
    cross join today
    cross join fed
    left join satisfaction using (customer_id)
    left join {{ ref('buying_rhythm') }} as rhythm using (customer_id)
    left join tickets using (customer_id)
    left join parcels using (customer_id)
    left join words using (customer_id)
    left join contradictions using (customer_id)
    left join held using (customer_id)
),

weighed as (
    select
        *,
        list_filter(
            [
                'urgent ticket open ' || urgent_open_ticket_days || ' days',
                case
                    when urgent_open_ticket_days is null and oldest_open_ticket_days > {{ var('reference_ticket_days') }}
                        then 'ticket open ' || oldest_open_ticket_days || ' days'
                end,
                overdue_matter || ' overdue ' || overdue_days || ' days',
                'acted against the customer''s word on ' || last_contradiction_at::date,
                'parcel overdue ' || parcel_overdue_days || ' days',
                'parcel delivered late on ' || last_late_delivery_at::date,
                case
                    when last_rating.score < {{ var('satisfied_from') }} then 'rated badly on ' || last_rating.said_at::date
                end,
                case
                    when satisfaction_score < {{ var('satisfied_from') }}
                        then 'unsatisfied: ' || round(satisfaction_score, 2) || ' of 1'
                end,
                'complained on ' || last_complaint_at::date,
                case
                    when days_since_last_order is null and has_orders then 'has never ordered'
                    when days_since_last_order > {{ var('reference_order_days') }}
                        then 'no order in ' || days_since_last_order || ' days'
                end
            ],
            lambda reason: reason is not null
        ) as against,
        list_concat(
            coalesce(silent_sources.reasons, []),
            list_filter([held_row_count || ' rows are held in quarantine'], lambda reason: reason is not null)
        ) as unheard
    from gathered
    cross join silent_sources
)

select
    customer_id,
    as_of_date,
    satisfaction_score::double as satisfaction_score,
    satisfaction_evidence_count,
    loyalty_score,
    loyalty_evidence_count,
    case
        when satisfaction_score is null or loyalty_score is null then 'unknown'
        when satisfaction_score >= {{ var('satisfied_from') }} and loyalty_score >= {{ var('loyal_from') }} then 'satisfied_loyal'
        when satisfaction_score >= {{ var('satisfied_from') }} then 'satisfied_not_loyal'
        when loyalty_score >= {{ var('loyal_from') }} then 'unhappy_but_loyal'
        else 'at_risk'
    end as quadrant,
    open_ticket_count,
    oldest_open_ticket_days,
    urgent_open_ticket_days,
    broken_promise_count_90d,
    open_promise_count,
    overdue_promise_count,
    open_instruction_count,
    open_contradiction_count,
    late_delivery_count_90d,
    -- What speaks against asking is certain; that nothing does is only as sure as the sources are current.
    case
        when len(against) > 0 then false
        when len(unheard) = 0 then true
    end as is_reference_ready,
    list_concat(against, unheard) as reference_block_reasons
from weighed
