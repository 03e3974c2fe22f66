{# What each member of a household of two or more is reached by or lives at: household_id, customer_id, kind, value. #}
{% macro household_values() -%}
    with resident as (
        select household_id, customer_id
        from {{ ref('dim_customer') }}
        where household_id is not null
        qualify count(*) over (partition by household_id) > 1
    )

    select resident.household_id, resident.customer_id, contact.contact_point_type as kind, contact.value
    from {{ ref('contact_point') }} as contact
    inner join resident using (customer_id)
    union
    select resident.household_id, resident.customer_id, 'address', record.address_std
    from {{ source('identity', 'source_records') }} as record
    inner join {{ source('identity', 'customer_crosswalk') }} as of_record using (source_record_key)
    inner join resident using (customer_id)
    where record.address_std is not null
{%- endmacro %}
