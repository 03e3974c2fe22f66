-- A customer whose records are gone or were erased is no customer any more; the ids merged into it still lead there.
select
    old_customer_id,
    current_customer_id
from {{ ref('customer_id_redirect') }}
where
    current_customer_id not in (select customer_id from {{ ref('dim_customer') }})
    and current_customer_id not in (
        select customer_id from {{ ref('identity_event') }} where event_type in ('retire', 'erase')
    )
