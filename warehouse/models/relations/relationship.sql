with told as (
    {{ household_values() }}
),

-- Pairs grow with the square of a household, so the largest ones are left out; household says so.
home as (
    select
        one.customer_id as from_customer_id,
        other.customer_id as to_customer_id,
        one.household_id,
        greatest(one.first_seen_at, other.first_seen_at) as valid_from
    from {{ ref('household_member') }} as one
    inner join {{ ref('household') }} as household
        on household.household_id = one.household_id and household.pairs_left_out_reason is null
    inner join {{ ref('household_member') }} as other
        on other.household_id = one.household_id and other.customer_id > one.customer_id
),

in_common as (
    select one.customer_id as from_customer_id, other.customer_id as to_customer_id, count(distinct one.kind) as kind_count
    from told as one
    inner join {{ ref('household') }} as household
        on household.household_id = one.household_id and household.pairs_left_out_reason is null
    inner join told as other
        on
            other.household_id = one.household_id and other.kind = one.kind and other.value = one.value
            and other.customer_id > one.customer_id
    group by all
),

households as (
    select
        home.from_customer_id,
        home.to_customer_id,
        'household' as relationship_type,
        -- Of address, e-mail and telephone, how many both have in common; members of a chain may have none.
        coalesce(in_common.kind_count, 0) / 3.0 as strength,
        'identity' as source_system,
        home.valid_from
    from home
    left join in_common using (from_customer_id, to_customer_id)
),

-- Who named an organisation in any record, and what else is known to recognise it by.
named as (
    select
        of_record.customer_id,
        record.organisation_std as organisation,
        list(distinct split_part(record.email_std, '@', 2)) filter (where record.email_std is not null) as domains,
        list(distinct record.postal_code_std) filter (where record.postal_code_std is not null) as postal_codes,
        min(record.first_seen_at) as first_seen_at,
        min(record.source_system) as source_system
    from {{ source('identity', 'source_records') }} as record
    inner join {{ source('identity', 'customer_crosswalk') }} as of_record using (source_record_key)
    where record.organisation_std is not null
    group by all
),

organisations as (
    select
        named.*,
        count(*) over (partition by named.organisation) as namesake_count
    from named
    inner join {{ ref('dim_customer') }} as customer using (customer_id)
    where customer.party_type = 'organisation'
    qualify namesake_count <= {{ var('namesake_limit') }}
),

employers as (
    select
        person.customer_id as from_customer_id,
        organisation.customer_id as to_customer_id,
        'employer' as relationship_type,
        coalesce(
            list_has_any(person.domains, organisation.domains)
            or list_has_any(person.postal_codes, organisation.postal_codes),
            false
        ) as is_corroborated,
        organisation.namesake_count,
        person.source_system,
        greatest(person.first_seen_at, organisation.first_seen_at) as valid_from
    from named as person
    inner join {{ ref('dim_customer') }} as customer
        on customer.customer_id = person.customer_id and customer.party_type = 'person'
    inner join organisations as organisation on organisation.organisation = person.organisation
),

told_referrals as (
    select trim(referred_by) as referred_by, customer_id, source_system, registered_at
    from {{ ref('fct_web_registration') }}
    where referred_by is not null and customer_id is not null
),

-- An address or account number that several customers have names nobody.
mailboxes as (
    select value as email, min(customer_id) as customer_id
    from {{ ref('contact_point') }}
    where contact_point_type = 'email' and value in (select lower(referred_by) from told_referrals)
    group by value
    having count(distinct customer_id) = 1
),

accounts as (
    select record_id, min(customer_id) as customer_id
    from {{ source('identity', 'customer_crosswalk') }}
    where entity = 'accounts' and record_id in (select referred_by from told_referrals)
    group by record_id
    having count(distinct customer_id) = 1
),

referrals as (
    select
        coalesce(mailboxes.customer_id, accounts.customer_id, referrer.customer_id) as from_customer_id,
        form.customer_id as to_customer_id,
        'referred' as relationship_type,
        form.source_system,
        form.registered_at as valid_from
    from told_referrals as form
    left join mailboxes on mailboxes.email = lower(form.referred_by)
    left join accounts on accounts.record_id = form.referred_by
    left join {{ ref('dim_customer') }} as referrer on referrer.customer_id = form.referred_by
),

together as (
    select from_customer_id, to_customer_id, relationship_type, strength, source_system, valid_from
    from households
    union all
    -- A name alone is good for half when nobody else bears it; what is shared beside it settles who is meant.
    select
        from_customer_id,
        to_customer_id,
        relationship_type,
        case when is_corroborated then 1.0 else 0.5 end,
        source_system,
        valid_from
    from employers
    where is_corroborated or namesake_count = 1
    union all
    select from_customer_id, to_customer_id, relationship_type, 1.0, source_system, valid_from
    from referrals
    where from_customer_id is not null and from_customer_id <> to_customer_id
)

select
    relationship_type || '/' || from_customer_id || '/' || to_customer_id as relationship_key,
    from_customer_id,
    to_customer_id,
    relationship_type,
    max(strength)::double as strength,
    arg_min(source_system, row(coalesce(valid_from, timestamp '9999-12-31'), source_system)) as source_system,
    min(valid_from) as valid_from,
    -- No source says that a relationship ended.
    null::timestamp as valid_to
from together
group by from_customer_id, to_customer_id, relationship_type
