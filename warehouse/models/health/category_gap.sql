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
),

gaps as (
    select
        bought.customer_id,
        rhythm.order_day_count,
        bought.categories_bought,
        list_filter(offered.categories, lambda category: not list_contains(bought.categories_bought, category))
            as categories_not_bought
    from bought
    cross join offered
    inner join {{ ref('buying_rhythm') }} as rhythm using (customer_id)
),

-- Texts that name a category at all: the same is said again and again, and few texts do.
naming as (
    select said.statement_text, said.words
    from (
        select statement_text, string_split({{ spoken_words('statement_text') }}, ' ') as words
        from (select distinct statement_text from {{ ref('statement') }})
    ) as said
    cross join offered
    where list_has_any(said.words, offered.categories)
),

-- A remark of the customer that names a category they leave out; of several the newest.
remarks as (
    select
        gaps.customer_id,
        arg_max(remark.statement_id, row(remark.stated_at, remark.statement_id)) as statement_id,
        arg_max(remark.statement_text, row(remark.stated_at, remark.statement_id)) as statement_text
    from gaps
    inner join {{ ref('statement') }} as remark
        on
            remark.customer_id = gaps.customer_id and remark.speaker = 'customer'
            and remark.statement_type in ('fact', 'need', 'preference', 'complaint')
    inner join naming
        on
            naming.statement_text = remark.statement_text
            and list_has_any(naming.words, gaps.categories_not_bought)
    group by gaps.customer_id
)

select
    gaps.customer_id,
    gaps.order_day_count,
    gaps.categories_bought,
    gaps.categories_not_bought,
    gaps.order_day_count >= {{ var('gap_least_order_days') }} and len(gaps.categories_bought) <= {{ var('gap_most_categories') }}
        and len(gaps.categories_not_bought) > 0 as is_gap,
    remarks.statement_text as reason_stated,
    remarks.statement_id as reason_statement_id,
    null::double as share_of_wallet,
    'not known: nobody has said what they buy elsewhere' as share_of_wallet_reason
from gaps
left join remarks using (customer_id)
