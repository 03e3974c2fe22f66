-- Why somebody leaves categories out, and what they buy elsewhere, is not in any figure here: only they can say.
with bought as (
    select
        customer_id,
        list(distinct product_category order by product_category) as categories_bought,
        count(distinct order_key) as order_count
    from {{ ref('fct_order_line') }}
    where customer_id is not null and product_category is not null and not is_order_cancelled
    group by customer_id
),

offered as (
    select list(distinct product_category order by product_category) as categories
    from {{ ref('fct_order_line') }}
    where product_category is not null
)

select
    bought.customer_id,
    bought.order_count,
    bought.categories_bought,
    list_filter(offered.categories, lambda category: not list_contains(bought.categories_bought, category))
        as categories_not_bought,
    bought.order_count >= {{ var('gap_least_orders') }} and len(bought.categories_bought) <= {{ var('gap_most_categories') }}
        and len(bought.categories_bought) < len(offered.categories) as is_gap,
    null::varchar as reason_stated,
    null::double as share_of_wallet,
    'not known: nobody has said what they buy elsewhere' as share_of_wallet_reason
from bought
cross join offered
