select
    snapshot_id,
    snapshot_at,
    contract_versions
from {{ source('warehouse_ops', 'snapshot') }}
