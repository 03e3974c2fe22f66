-- Names and categories change; the newest line says what a product is called today.
select
    source_system || '/' || sku as product_key,
    sku,
    source_system,
    arg_max(product_name, row(coalesce(ordered_at, timestamp '1970-01-01'), order_line_key)) as product_name,
    arg_max(product_category, row(coalesce(ordered_at, timestamp '1970-01-01'), order_line_key)) as product_category,
    min(ordered_at) filter (where is_order_cancelled is false) as first_sold_at,
    max(ordered_at) filter (where is_order_cancelled is false) as last_sold_at,
    count(*) filter (where is_order_cancelled is false) as sold_line_count
from {{ ref('fct_order_line') }}
where sku is not null
group by source_system, sku
