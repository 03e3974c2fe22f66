with sources_of_customer as (
    select customer_id, list_sort(list(distinct source_system)) as sources
    from {{ source('identity', 'customer_crosswalk') }}
    group by customer_id
),

statements_of_consent as (
    select customer_id, has_marketing_consent from ({{ identified('web_registrations') }})
    union all
    select of_account.customer_id, account.has_marketing_consent
    from {{ source('staging', 'accounts') }} as account
    inner join {{ source('identity', 'customer_crosswalk') }} as of_account
        on of_account.source_record_key = account._source_system || '/accounts/' || account._key
    where not account._is_deleted
),

-- The most restrictive statement wins: one refusal anywhere outweighs every consent.
consent as (
    select customer_id, bool_and(has_marketing_consent) as has_marketing_consent
    from statements_of_consent
    where customer_id is not null
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
