{# Each customer with an order, and the month and channel of the first one in any currency. #}
{% macro acquired_customers(sales) -%}
    select
        customer_id,
        date_trunc('month', min(first_order_at))::date as acquisition_month,
        arg_min(first_sales_channel, row(first_order_at, currency_code)) as acquisition_channel,
        sum(order_count) as order_count
    from {{ sales }}
    group by customer_id
{%- endmacro %}
