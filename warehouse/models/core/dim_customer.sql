with sources_of_customer as (
    select customer_id, list_sort(list(distinct source_system)) as sources
    from {{ source('identity', 'customer_crosswalk') }}
    group by customer_id
),

-- One refusal, on whichever channel, is a refusal.
consent as (
    select
        customer_id,
        case when bool_or(status = 'refused') then false when bool_or(status = 'granted') then true end
            as has_marketing_consent
    from {{ ref('consent_event') }}
    where purpose = 'marketing' and customer_id is not null
    group by customer_id
)

select
    golden.customer_id,
    golden.party_type,
    golden.display_name,
    golden.given_name,
    golden.family_name,
    golden.organisation_name,
    golden.primary_email,
    golden.primary_phone_e164,
    golden.street,
    golden.city,
    golden.region,
    golden.postal_code,
    golden.country,
    golden.date_of_birth,
    golden.language,
    consent.has_marketing_consent,
    golden.record_count::bigint as record_count,
    golden.source_count::bigint as source_count,
    coalesce(sources_of_customer.sources, []) as sources,
    golden.identity_confidence::double as identity_confidence,
    customer_household.household_id,
    golden.first_seen_at
from {{ source('identity', 'golden_customers') }} as golden
left join sources_of_customer using (customer_id)
left join consent using (customer_id)
left join {{ source('identity', 'customer_household') }} as customer_household using (customer_id)
