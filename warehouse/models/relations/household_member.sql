with told as (
    {{ household_values() }}
),

shared as (
    select household_id, kind, value
    from told
    group by household_id, kind, value
    having count(*) > 1
),

shares as (
    select
        told.customer_id,
        bool_or(told.kind = 'address') as shares_address,
        bool_or(told.kind = 'email') as shares_email,
        bool_or(told.kind = 'phone') as shares_phone
    from told
    inner join shared using (household_id, kind, value)
    group by told.customer_id
)

select
    customer.customer_id,
    customer.household_id,
    customer.first_seen_at,
    coalesce(shares.shares_address, false) as shares_address,
    coalesce(shares.shares_email, false) as shares_email,
    coalesce(shares.shares_phone, false) as shares_phone
from {{ ref('dim_customer') }} as customer
left join shares using (customer_id)
where customer.household_id is not null
qualify count(*) over (partition by customer.household_id) > 1
