with records as (
    select
        of_record.customer_id,
        record.source_system,
        record.first_seen_at,
        record.source_updated_at,
        record.email_std,
        record.phone_std,
        record.phone_alternate_std
    from {{ source('identity', 'source_records') }} as record
    inner join {{ source('identity', 'customer_crosswalk') }} as of_record using (source_record_key)
),

spoken_of as (
    select customer_id, 'email' as contact_point_type, email_std as value, source_system, first_seen_at, source_updated_at
    from records
    where email_std is not null
    union all
    select customer_id, 'phone', phone_std, source_system, first_seen_at, source_updated_at
    from records
    where phone_std is not null
    union all
    select customer_id, 'phone', phone_alternate_std, source_system, first_seen_at, source_updated_at
    from records
    where phone_alternate_std is not null
),

by_system as (
    select
        customer_id,
        contact_point_type,
        value,
        source_system,
        min(first_seen_at) as first_seen_at,
        max(source_updated_at) as last_seen_at
    from spoken_of
    group by all
),

-- Counted in two steps, as counting different systems within one takes twice the time.
points as (
    select
        customer_id,
        contact_point_type,
        value,
        count(*) as source_count,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from by_system
    group by all
)

select
    points.customer_id,
    points.contact_point_type,
    points.value,
    coalesce(points.value in (customer.primary_email, customer.primary_phone_e164), false) as is_primary,
    points.source_count,
    points.first_seen_at,
    points.last_seen_at
from points
left join {{ ref('dim_customer') }} as customer using (customer_id)
