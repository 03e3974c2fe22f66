with period as (
    {{ last_days(var('value_days')) }}
),

sales as (
    select
        sale.customer_id,
        sale.currency_code,
        count(*) as order_count,
        sum(sale.net_amount) as net_amount,
        min(sale.ordered_at) as first_order_at,
        arg_min(coalesce(sale.sales_channel, 'unknown'), row(sale.ordered_at, sale.order_key)) as first_sales_channel,
        max(sale.ordered_at) as last_order_at,
        count(*) filter (where sale.is_recent) as order_count_12m,
        coalesce(sum(sale.net_amount) filter (where sale.is_recent), 0) as net_amount_12m,
        -- One order of unknown margin leaves the sum unknown.
        case
            when count(*) filter (where sale.is_recent and sale.margin_amount is null) = 0
                then coalesce(sum(sale.margin_amount) filter (where sale.is_recent), 0)
        end as margin_amount_12m,
        coalesce(sum(sale.net_amount) filter (where sale.is_recent and sale.margin_amount is not null), 0)
            as costed_net_amount_12m
    from (
        select *, ordered_at >= period.since and ordered_at < period.until as is_recent
        from {{ ref('fct_order') }}
        cross join period
        where customer_id is not null and not is_cancelled
    ) as sale
    group by all
)

select
    customer_id,
    currency_code,
    -- Amounts of different currencies are never added: the main currency is the one most orders are in.
    row_number() over (
        partition by customer_id
        order by currency_code is null, order_count desc, net_amount desc nulls last, currency_code
    ) = 1 as is_main_currency,
    order_count,
    net_amount::decimal(18, 2) as net_amount,
    first_order_at,
    first_sales_channel,
    last_order_at,
    order_count_12m,
    net_amount_12m::decimal(18, 2) as net_amount_12m,
    margin_amount_12m::decimal(18, 2) as margin_amount_12m,
    costed_net_amount_12m::decimal(18, 2) as costed_net_amount_12m
from sales
