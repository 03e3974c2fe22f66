with tickets as (
    {{ identified('tickets') }}
)

select
    {{ own_key('tickets') }} as ticket_key,
    tickets.ticket_id,
    tickets._source_system as source_system,
    tickets.customer_id,
    {{ order_reference('tickets') }} as order_key,
    tickets.order_id,
    tickets.opened_at,
    tickets.first_reply_at,
    tickets.solved_at,
    tickets.status,
    case
        when tickets.status in ('new', 'open', 'pending', 'hold') then true
        when tickets.status in ('solved', 'closed') then false
        else tickets.solved_at is null
    end as is_open,
    tickets.priority,
    tickets.topic,
    tickets.tags,
    tickets.channel,
    tickets.assignee_id as assignee_employee_id,
    tickets.subject,
    tickets.description as first_message,
    tickets.csat_score,
    ((epoch(tickets.first_reply_at) - epoch(tickets.opened_at)) / 3600.0)::double as first_reply_hours,
    tickets._changed_at as source_updated_at,
    tickets._batch_id as batch_id,
    tickets._landed_at as loaded_at
from tickets
-- By customer, so that a reader of one customer reads one part of the file.
order by tickets.customer_id
