-- To the cent: what customers gave cause for and what belongs to nobody, together.
with shared as (
    select cost_pool, currency_code, sum(amount) as amount
    from {{ ref('cost_to_serve') }}
    group by all
),

by_reason as (
    select cost_pool, currency_code, sum(amount) as amount
    from {{ ref('cost_by_reason') }}
    group by all
)

select pool.cost_pool_key, pool.amount, shared.amount as shared_amount, by_reason.amount as amount_by_reason
from {{ ref('cost_pool') }} as pool
left join shared using (cost_pool, currency_code)
left join by_reason using (cost_pool, currency_code)
where shared.amount is distinct from pool.amount or by_reason.amount is distinct from pool.amount
