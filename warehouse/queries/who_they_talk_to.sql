-- question: Which of our people does each customer talk to most?
-- parameters:
--   customer: {type: VARCHAR, default: null, meaning: "any id that the customer ever had; all customers when none is given"}
-- tables: [main.interaction, main.dim_employee, main.dim_customer, identity.customer_id_redirect]
-- sources:
--   interactions: calls, notes and messages
--   employees: names and teams
-- example: c360 ask who_they_talk_to
WITH contacts AS (
    SELECT customer_id, employee_id, count(*) AS contact_count, max(occurred_at) AS last_contact_at
    FROM main.interaction
    WHERE
        customer_id IS NOT NULL AND employee_id IS NOT NULL AND direction = 'inbound'
        AND ($customer IS NULL OR customer_id = current_customer_id($customer))
    GROUP BY customer_id, employee_id
    QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY contact_count DESC, last_contact_at DESC, employee_id) = 1
),

-- An employee is known by one id in several systems; where systems disagree on the name it is not told.
people AS (
    SELECT employee_id, any_value(full_name) AS full_name, any_value(team) AS team
    FROM main.dim_employee
    GROUP BY employee_id
    HAVING count(DISTINCT full_name) = 1
)

SELECT
    contacts.customer_id, contacts.employee_id, people.full_name, people.team, contacts.contact_count,
    contacts.last_contact_at
FROM contacts
LEFT JOIN people USING (employee_id)
ORDER BY contacts.contact_count DESC, contacts.customer_id
