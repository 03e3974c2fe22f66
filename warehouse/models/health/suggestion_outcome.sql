-- What came after a suggestion, by evidence. That it came because of it, nobody can read from this.
with made as (
    select
        suggestion.suggestion_key,
        customer.customer_id,
        suggestion.suggestion_kind,
        suggestion.rule_id,
        suggestion.frozen_at as suggested_at,
        suggestion.frozen_at + interval {{ var('suggestion_days') }} day as until_at
    from {{ ref('suggestion_made') }} as suggestion
    left join {{ ref('customer_id_redirect') }} as redirect on redirect.old_customer_id = suggestion.customer_id
    inner join {{ ref('dim_customer') }} as customer
        on customer.customer_id = coalesce(redirect.current_customer_id, suggestion.customer_id)
),

contacts as (
    select made.suggestion_key, min(contact.occurred_at) as contacted_at,
        arg_min(contact.interaction_id, row(contact.occurred_at, contact.interaction_id)) as contact_interaction_id
    from made
    inner join {{ ref('interaction') }} as contact
        on
            contact.customer_id = made.customer_id and contact.source_kind = 'interactions'
            and contact.direction = 'outbound'
            and contact.occurred_at > made.suggested_at and contact.occurred_at <= made.until_at
    group by made.suggestion_key
),

orders as (
    select made.suggestion_key, min(sale.ordered_at) as ordered_at,
        arg_min(sale.order_key, row(sale.ordered_at, sale.order_key)) as order_key
    from made
    inner join {{ ref('fct_order') }} as sale
        on
            sale.customer_id = made.customer_id and not sale.is_cancelled
            and sale.ordered_at > made.suggested_at and sale.ordered_at <= made.until_at
    group by made.suggestion_key
)

select
    made.suggestion_key,
    made.customer_id,
    made.suggestion_kind,
    made.rule_id,
    made.suggested_at,
    made.until_at,
    contacts.contacted_at,
    contacts.contact_interaction_id,
    orders.ordered_at,
    orders.order_key,
    case
        when orders.order_key is not null and contacts.contacted_at <= orders.ordered_at then 'contacted_and_ordered'
        when orders.order_key is not null then 'ordered'
        when contacts.contacted_at is not null then 'contacted'
        when snapshot.snapshot_at <= made.until_at then 'open'
        else 'nothing'
    end as outcome
from made
cross join {{ ref('snapshot') }} as snapshot
left join contacts using (suggestion_key)
left join orders using (suggestion_key)
