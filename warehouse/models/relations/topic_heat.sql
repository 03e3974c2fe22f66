-- Tickets without topic or time are counted under none, so that the sums are those of fct_ticket.
with rated as (
    select source_record_key, score
    from {{ ref('fct_survey') }}
    where source_kind = 'tickets' and score is not null
),

tickets as (
    select
        coalesce(ticket.topic, 'unknown') as topic,
        date_trunc('month', ticket.opened_at)::date as month,
        ticket.is_open,
        (epoch(ticket.solved_at) - epoch(ticket.opened_at)) / 3600.0 as solve_hours,
        ticket.first_reply_hours,
        rated.score
    from (
        select *, source_system || '/tickets/' || {{ record_id_of('ticket_key') }} as source_record_key
        from {{ ref('fct_ticket') }}
    ) as ticket
    left join rated using (source_record_key)
)

select
    topic || '/' || coalesce(strftime(month, '%Y-%m'), 'unknown') as topic_heat_key,
    topic,
    month,
    count(*) as ticket_count,
    count(*) filter (where is_open) as open_ticket_count,
    count(score) as rated_count,
    count(*) filter (where score < {{ var('dissatisfied_below') }}) as dissatisfied_count,
    (count(*) filter (where score < {{ var('dissatisfied_below') }}) / nullif(count(score), 0))::double as dissatisfied_share,
    median(first_reply_hours)::double as median_first_reply_hours,
    median(solve_hours)::double as median_solve_hours
from tickets
group by topic, month
