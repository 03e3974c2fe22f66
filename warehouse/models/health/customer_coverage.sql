select
    snapshot.snapshot_id,
    least_systems::bigint as least_systems,
    count(customer.customer_id) filter (where customer.source_count >= least_systems) as customer_count,
    (customer_count / nullif(count(customer.customer_id), 0))::double as customer_share
from unnest([1, 2, 3]) as wanted(least_systems)
cross join {{ ref('snapshot') }} as snapshot
left join {{ ref('dim_customer') }} as customer on true
group by snapshot.snapshot_id, least_systems
