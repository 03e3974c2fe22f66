{#
  Each value that there is in a currency, and share_below: the share of the other customers whose value is lower, 0 to 1
  (percent_rank). By value and not by customer, as customers are many and wide, and many have the same.
#}
{% macro ranks(relation, value) -%}
    select
        currency_code,
        value,
        case when sum(customer_count) over of_currency > 1
            then (sum(customer_count) over up_to - customer_count) / (sum(customer_count) over of_currency - 1)
            else 0
        end as share_below
    from (
        select currency_code, {{ value }} as value, count(*) as customer_count
        from {{ relation }}
        group by all
    )
    window
        of_currency as (partition by currency_code),
        up_to as (partition by currency_code order by value rows between unbounded preceding and current row)
{%- endmacro %}
