-- What a customer said to being written to. Whoever was not asked made no statement: null is not yes.
with statements as (
    select
        account._source_system || '/accounts/' || account._key as source_record_key,
        of_account.customer_id,
        'account' as stated_by,
        account._source_system as source_system,
        'all' as channel,
        account.has_marketing_consent as is_granted,
        coalesce(account._changed_at, account.created_at) as captured_at,
        -- What changed last in an account may be something else, so its yes is as old as it can be.
        account.created_at as said_since,
        account.email,
        account.phone,
        account._batch_id as batch_id,
        account._landed_at as loaded_at
    from {{ source('staging', 'accounts') }} as account
    left join {{ source('identity', 'customer_crosswalk') }} as of_account
        on of_account.source_record_key = account._source_system || '/accounts/' || account._key
    where not account._is_deleted and account.has_marketing_consent is not null
    union all
    select
        form._source_system || '/web_registrations/' || form._key,
        form.customer_id,
        'form',
        form._source_system,
        'all',
        form.has_marketing_consent,
        form.registered_at,
        form.registered_at,
        form.email,
        form.phone,
        form._batch_id,
        form._landed_at
    from ({{ identified('web_registrations') }}) as form
    where form.has_marketing_consent is not null
    union all
    select
        response._source_system || '/campaign_responses/' || response._key,
        response.customer_id,
        response.action,
        response._source_system,
        -- Of a channel that nobody can be addressed on it is not known what was meant, so that it counts for all.
        case
            when
                response.channel in (
                    select channel.channel from {{ channels() }} where channel.is_addressed
                )
                then response.channel
            else 'all'
        end,
        false,
        response.occurred_at,
        response.occurred_at,
        response.email,
        response.phone,
        response._batch_id,
        response._landed_at
    from ({{ identified('campaign_responses') }}) as response
    where response.action in ('unsubscribe', 'complaint')
),

addressed as (
    select
        *,
        case when is_granted then 'granted' else 'refused' end as status,
        case when email is not null then 'email' when phone is not null then 'phone' end as contact_point_type,
        coalesce(lower(trim(email)), trim(phone)) as contact_point
    from statements
),

-- A yes is said of all channels.
last_yes as (
    select customer_id, contact_point, max(said_since) as said_at
    from addressed
    where is_granted and customer_id is not null and contact_point is not null
    group by all
)

select
    addressed.source_record_key,
    addressed.customer_id,
    addressed.source_system,
    addressed.stated_by,
    addressed.channel,
    'marketing' as purpose,
    addressed.status,
    addressed.captured_at,
    addressed.contact_point_type,
    addressed.contact_point,
    last_yes.said_at as undone_at,
    addressed.batch_id,
    addressed.loaded_at
from addressed
left join last_yes
    on
        not addressed.is_granted
        and last_yes.customer_id = addressed.customer_id and last_yes.contact_point = addressed.contact_point
        and last_yes.said_at > addressed.captured_at
