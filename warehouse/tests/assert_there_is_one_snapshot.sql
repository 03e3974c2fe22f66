select count(*) as snapshots from {{ ref('snapshot') }} having snapshots != 1
