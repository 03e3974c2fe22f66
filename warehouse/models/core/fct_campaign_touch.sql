with responses as (
    {{ identified('campaign_responses') }}
)

select
    {{ own_key('responses') }} as touch_key,
    responses.response_id as touch_id,
    responses._source_system as source_system,
    responses.customer_id,
    responses.campaign_id,
    responses.campaign_name,
    responses.channel,
    responses.action,
    responses.is_machine,
    responses.occurred_at,
    responses._changed_at as source_updated_at,
    responses._batch_id as batch_id,
    responses._landed_at as loaded_at
from responses
