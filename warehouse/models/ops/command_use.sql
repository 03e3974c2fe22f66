select
    command || '/' || asked_on as command_use_key,
    command,
    asked_on,
    use_count,
    user_count
from {{ source('warehouse_ops', 'command_use') }}
