select
    concat_ws('/', kind, feed, day) as running_cost_key,
    kind,
    feed,
    day,
    times,
    request_count,
    byte_count,
    row_count,
    wall_seconds,
    cpu_seconds,
    person_seconds / 60 as person_minutes
from {{ source('warehouse_ops', 'running_cost') }}
