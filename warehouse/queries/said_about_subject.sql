-- question: What have we told a customer about a matter, and what have they told us?
-- parameters:
--   customer: {type: VARCHAR, default: null, meaning: "any id that the customer ever had; all customers when none is given"}
--   subject: {type: VARCHAR, default: null, meaning: "identifier of the matter, such as a check or order number; all when none is given"}
-- tables: [main.statement, main.interaction, main.dim_employee, main.dim_customer, identity.customer_id_redirect]
-- sources:
--   interactions: what was said, and to whom
--   employees: names
--   campaign_responses: unsubscribes
-- example: c360 ask said_about_subject --param subject=check-1042
-- An employee is known by one id in several systems; where systems disagree on the name it is not told.
WITH people AS (
    SELECT employee_id, any_value(full_name) AS full_name
    FROM main.dim_employee
    GROUP BY employee_id
    HAVING count(DISTINCT full_name) = 1
)

SELECT
    said.stated_at, said.customer_id, contact.channel, people.full_name AS spoke_with, said.speaker,
    said.statement_type, said.subject_id, said.statement_text, said.status
FROM main.statement AS said
INNER JOIN main.interaction AS contact USING (interaction_id)
LEFT JOIN people ON people.employee_id = said.employee_id
WHERE
    ($customer IS NULL OR said.customer_id = current_customer_id($customer))
    AND ($subject IS NULL OR said.subject_id = $subject)
ORDER BY said.stated_at, said.statement_id
