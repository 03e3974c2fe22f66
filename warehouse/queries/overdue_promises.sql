-- question: Which promises of ours and instructions of customers are open and past their day, and who owes them?
-- parameters:
--   team: {type: VARCHAR, default: null, meaning: "a team, or unowned; all when none is given"}
-- tables: [main.follow_up, ops.snapshot]
-- sources:
--   interactions: promises, instructions and their keeping
--   shipments: parcels that keep a word
--   payments: refunds that keep a word
--   employees: teams
-- example: c360 ask overdue_promises --param team=service
SELECT
    word.customer_id, word.kind, word.action, word.subject_id, word.statement_text, word.owner_employee_id,
    word.owner_team, word.due_at, date_diff('hour', word.due_at, snapshot.snapshot_at) AS late_hours, word.status,
    word.breach_evidence
FROM main.follow_up AS word
CROSS JOIN ops.snapshot AS snapshot
WHERE word.is_overdue AND ($team IS NULL OR coalesce(word.owner_team, 'unowned') = $team)
ORDER BY late_hours DESC, word.opened_by_statement_id
