with spoken_of as (
    select
        of_record.customer_id,
        record.source_system,
        record.first_seen_at,
        record.source_updated_at,
        unnest([
            {'kind': 'email', 'value': record.email_std},
            {'kind': 'phone', 'value': record.phone_std},
            {'kind': 'phone', 'value': record.phone_alternate_std}
        ]) as contact
    from {{ source('identity', 'source_records') }} as record
    inner join {{ source('identity', 'customer_crosswalk') }} as of_record using (source_record_key)
)

select
    spoken_of.customer_id,
    spoken_of.contact.kind as contact_point_type,
    spoken_of.contact.value as value,
    coalesce(spoken_of.contact.value in (customer.primary_email, customer.primary_phone_e164), false) as is_primary,
    count(distinct spoken_of.source_system)::bigint as source_count,
    min(spoken_of.first_seen_at) as first_seen_at,
    max(spoken_of.source_updated_at) as last_seen_at
from spoken_of
left join {{ ref('dim_customer') }} as customer using (customer_id)
where spoken_of.contact.value is not null
group by all
