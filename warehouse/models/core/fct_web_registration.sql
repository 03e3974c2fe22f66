with registrations as (
    {{ identified('web_registrations') }}
)

select
    {{ own_key('registrations') }} as registration_key,
    registrations.registration_id,
    registrations._source_system as source_system,
    registrations.customer_id,
    registrations.anonymous_id,
    registrations.form_name,
    registrations.outcome,
    registrations.referred_by,
    registrations.has_marketing_consent,
    registrations.registered_at,
    registrations._changed_at as source_updated_at,
    registrations._batch_id as batch_id,
    registrations._landed_at as loaded_at
from registrations
