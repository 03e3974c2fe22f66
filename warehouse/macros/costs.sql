{# Parcels of the last twelve months with what the carrier charged, taken to be in the currency of the order. #}
{% macro parcels_charged(shipments, orders) -%}
    select
        parcel.customer_id,
        parcel.freight_amount,
        coalesce(its_order.currency_code, '{{ var('home_currency') }}') as currency_code
    from {{ shipments }} as parcel
    cross join ({{ last_days(var('value_days')) }}) as period
    left join {{ orders }} as its_order using (order_key)
    where
        parcel.status is distinct from 'voided' and parcel.shipped_at >= period.since and parcel.shipped_at < period.until
{%- endmacro %}
