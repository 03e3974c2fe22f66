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
        response.email,
        response.phone,
        response._batch_id,
        response._landed_at
    from ({{ identified('campaign_responses') }}) as response
    where response.action in ('unsubscribe', 'complaint')
)

select
    source_record_key,
    customer_id,
    source_system,
    stated_by,
    channel,
    'marketing' as purpose,
    case when is_granted then 'granted' else 'refused' end as status,
    captured_at,
    case when email is not null then 'email' when phone is not null then 'phone' end as contact_point_type,
    coalesce(lower(trim(email)), trim(phone)) as contact_point,
    batch_id,
    loaded_at
from statements
