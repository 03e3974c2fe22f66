-- Periods that overlap or end before they begin, and open ones that are not today's customers.
with periods as (
    select
        customer_id,
        valid_from,
        valid_to,
        lead(valid_from) over (partition by customer_id order by valid_from) as next_from
    from {{ ref('dim_customer_history') }}
),

described as (
    select customer_id from periods where valid_to is null
)

select customer_id
from periods
where valid_to <= valid_from or (next_from is not null and coalesce(valid_to > next_from, true))
union all
select coalesce(described.customer_id, customer.customer_id)
from described
full outer join {{ ref('dim_customer') }} as customer using (customer_id)
where described.customer_id is null or customer.customer_id is null
