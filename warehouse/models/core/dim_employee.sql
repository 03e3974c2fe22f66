select
    {{ own_key('employee') }} as employee_key,
    employee.employee_id,
    employee._source_system as source_system,
    employee.full_name,
    employee.email,
    employee.team,
    employee.function,
    employee.started_on,
    employee._changed_at as source_updated_at,
    employee._batch_id as batch_id,
    employee._landed_at as loaded_at
from {{ source('staging', 'employees') }} as employee
where not employee._is_deleted
