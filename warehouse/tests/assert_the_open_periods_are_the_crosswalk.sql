with current_period as (
    select source_record_key, customer_id from {{ ref('crosswalk_history') }} where valid_to is null
)

select source_record_key
from current_period
full outer join {{ ref('customer_crosswalk') }} as crosswalk using (source_record_key)
where current_period.customer_id is distinct from crosswalk.customer_id
