{#- What describes a customer and changes; counts and scores of the record have their own tables. -#}
{%- set attributes = [
    'party_type', 'display_name', 'given_name', 'family_name', 'organisation_name', 'primary_email',
    'primary_phone_e164', 'street', 'city', 'region', 'postal_code', 'country', 'date_of_birth', 'language',
    'has_marketing_consent', 'household_id',
] -%}

-- A snapshot of the same moment as this one is taken back: this one tells what was so then.
with known as (
    select
        history.* exclude (valid_to, is_current),
        case when history.valid_to < snapshot.snapshot_at then history.valid_to end as valid_to,
        snapshot.snapshot_at
    from {{ source('history', 'dim_customer_history') }} as history
    cross join {{ ref('snapshot') }} as snapshot
    where history.valid_from < snapshot.snapshot_at
),

periods as (
    select
        known.customer_id,
        {%- for attribute in attributes %}
        known.{{ attribute }},
        {%- endfor %}
        known.valid_from,
        case
            when known.valid_to is not null then known.valid_to
            when customer.customer_id is null or {{ differs('known', 'customer', attributes) }} then known.snapshot_at
        end as valid_to
    from known
    left join {{ ref('dim_customer') }} as customer on customer.customer_id = known.customer_id
    union all
    select
        customer.customer_id,
        {%- for attribute in attributes %}
        customer.{{ attribute }},
        {%- endfor %}
        snapshot.snapshot_at as valid_from,
        null as valid_to
    from {{ ref('dim_customer') }} as customer
    cross join {{ ref('snapshot') }} as snapshot
    left join known on known.customer_id = customer.customer_id and known.valid_to is null
    where known.customer_id is null or {{ differs('known', 'customer', attributes) }}
)

select
    customer_id,
    {%- for attribute in attributes %}
    {{ attribute }},
    {%- endfor %}
    valid_from,
    valid_to,
    valid_to is null as is_current
from periods
