-- Why somebody leaves categories out, and what they buy elsewhere, is not in any figure here: only they can say.
with pairs as (
    select distinct customer_id, product_category
    from {{ ref('fct_order_line') }}
    where customer_id is not null and product_category is not null and not is_order_cancelled
),

bought as (
    select customer_id, list_sort(list(product_category)) as categories_bought
    from pairs
    group by customer_id
),

offered as (
    select list_sort(list(distinct product_category)) as categories
    from pairs
)

select
    bought.customer_id,
    rhythm.order_day_count,
    bought.categories_bought,
    list_filter(offered.categories, lambda category: not list_contains(bought.categories_bought, category))
        as categories_not_bought,
    rhythm.order_day_count >= {{ var('gap_least_order_days') }} and len(bought.categories_bought) <= {{ var('gap_most_categories') }}
        and len(bought.categories_bought) < len(offered.categories) as is_gap,
    null::varchar as reason_stated,
    null::double as share_of_wallet,
    'not known: nobody has said what they buy elsewhere' as share_of_wallet_reason
from bought
cross join offered
inner join {{ ref('buying_rhythm') }} as rhythm using (customer_id)
