-- Declared by the company, one amount a year and currency.
with declared as (
    {%- for pool, declared in var('cost_pools').items() %}
    {%- for currency, amount in declared.yearly_amount.items() %}
    select '{{ pool }}' as cost_pool, '{{ declared.driver }}' as driver, '{{ currency }}' as currency_code, {{ amount }} as amount
    union all
    {%- endfor %}
    {%- endfor %}
    select null, null, null, null where false
),

-- What carriers charged is known parcel by parcel, so it is counted and not shared out.
freight as (
    select 'freight' as cost_pool, 'freight_amount' as driver, currency_code, sum(freight_amount) as amount
    from ({{ parcels_charged(ref('fct_shipment'), ref('fct_order')) }})
    group by currency_code
)

select
    cost_pool || '|' || currency_code as cost_pool_key,
    cost_pool,
    currency_code,
    driver,
    amount::decimal(18, 2) as amount
from (
    select * from declared
    union all
    select * from freight
)
where amount is not null
