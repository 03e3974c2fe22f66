with contacts as (
    select
        customer_id,
        employee_id,
        count(*) filter (where direction = 'inbound') as inbound_count,
        count(*) filter (where direction = 'outbound') as outbound_count,
        min(occurred_at) as first_contact_at,
        max(occurred_at) as last_contact_at
    from {{ ref('interaction') }}
    where customer_id is not null and employee_id is not null and direction in ('inbound', 'outbound')
    group by customer_id, employee_id
),

-- A contact names an employee without the system that numbered the employee.
known as (
    select employee_id, min(employee_key) as employee_key
    from {{ ref('dim_employee') }}
    group by employee_id
    having count(*) = 1
)

select
    contacts.customer_id || '/' || contacts.employee_id as customer_employee_key,
    contacts.customer_id,
    contacts.employee_id,
    known.employee_key,
    contacts.inbound_count,
    contacts.outbound_count,
    contacts.first_contact_at,
    contacts.last_contact_at,
    contacts.inbound_count > 0 and row_number() over (
        partition by contacts.customer_id
        order by contacts.inbound_count desc, contacts.last_contact_at desc, contacts.employee_id
    ) = 1 as is_most_contacted
from contacts
left join known using (employee_id)
