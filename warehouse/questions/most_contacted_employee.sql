-- Which of our people does each customer contact most?
SELECT
    contact.customer_id,
    contact.employee_id,
    employee.full_name,
    employee.team,
    contact.inbound_count,
    contact.last_contact_at
FROM customer_employee AS contact
LEFT JOIN dim_employee AS employee USING (employee_key)
WHERE contact.is_most_contacted
ORDER BY contact.customer_id
