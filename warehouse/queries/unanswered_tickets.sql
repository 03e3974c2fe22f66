-- question: Which open tickets has nobody answered?
-- parameters:
--   hours: {type: INTEGER, default: 24, meaning: hours since the ticket was opened}
-- tables: [main.fct_ticket, ops.snapshot]
-- sources:
--   tickets: tickets
-- example: c360 ask unanswered_tickets --param hours=8
SELECT
    ticket.ticket_id, ticket.customer_id, ticket.priority, ticket.topic, ticket.channel, ticket.opened_at,
    date_diff('hour', ticket.opened_at, snapshot.snapshot_at) AS open_hours, ticket.assignee_employee_id
FROM main.fct_ticket AS ticket
CROSS JOIN ops.snapshot AS snapshot
WHERE
    ticket.is_open AND ticket.first_reply_at IS NULL
    AND ticket.opened_at <= snapshot.snapshot_at - to_hours($hours)
ORDER BY ticket.priority = 'urgent' DESC NULLS LAST, ticket.opened_at, ticket.ticket_key
