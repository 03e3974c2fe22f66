with main_currency as (
    select
        customer_id,
        currency_code,
        net_amount,
        sum(order_count) over (partition by customer_id) - order_count as other_currency_order_count
    from {{ ref('customer_sales') }}
    qualify is_main_currency
),

orders as (
    select
        customer_id,
        count(*) filter (where not is_cancelled) as order_count,
        count(*) filter (where is_cancelled) as cancelled_order_count,
        min(ordered_at) filter (where not is_cancelled) as first_order_at,
        max(ordered_at) filter (where not is_cancelled) as last_order_at
    from {{ ref('fct_order') }}
    where customer_id is not null
    group by customer_id
),

payments as (
    select
        customer_id,
        count(*) as payment_count,
        count(*) filter (where status = 'returned') as returned_payment_count,
        max(occurred_at) as last_payment_at,
        max(occurred_at) filter (where status = 'returned') as last_returned_payment_at
    from {{ ref('fct_payment') }}
    where customer_id is not null
    group by customer_id
),

-- Of several at the last moment the one with the greatest key, here and below. In two steps, as ordering millions of
-- rows by moment and key is slow.
last_payments as (
    select payment.customer_id, arg_max_null(payment.status, payment.payment_key) as last_payment_status
    from {{ ref('fct_payment') }} as payment
    inner join payments
        on payments.customer_id = payment.customer_id and payments.last_payment_at = payment.occurred_at
    group by payment.customer_id
),

shipments as (
    select
        customer_id,
        count(*) as shipment_count,
        count(*) filter (where is_undelivered) as undelivered_shipment_count,
        count(*) filter (where is_late) as late_shipment_count,
        count(*) filter (where is_late and is_undelivered) as overdue_shipment_count,
        max(delivered_at) as last_delivered_at
    from {{ ref('fct_shipment') }}
    where customer_id is not null
    group by customer_id
),

tickets as (
    select
        customer_id,
        count(*) as ticket_count,
        count(*) filter (where is_open) as open_ticket_count,
        count(*) filter (where is_open and priority = 'urgent') as urgent_open_ticket_count,
        min(opened_at) filter (where is_open) as oldest_open_ticket_at,
        max(opened_at) as last_ticket_at,
        arg_max(csat_score, row(coalesce(solved_at, opened_at), ticket_key))
            filter (where csat_score is not null and coalesce(solved_at, opened_at) is not null) as last_csat_score
    from {{ ref('fct_ticket') }}
    where customer_id is not null
    group by customer_id
),

contacts as (
    select
        customer_id,
        count(*) as contact_count,
        count(*) filter (where direction = 'inbound') as inbound_contact_count,
        max(occurred_at) as last_contact_at
    from {{ ref('interaction') }}
    where customer_id is not null and source_kind = 'interactions' and direction is distinct from 'internal'
    group by customer_id
),

last_contacts as (
    select
        event.customer_id,
        arg_max(
            {'channel': event.channel, 'direction': event.direction, 'topic': event.topic}, event.interaction_id
        ) as last_contact
    from {{ ref('interaction') }} as event
    inner join contacts on contacts.customer_id = event.customer_id and contacts.last_contact_at = event.occurred_at
    where event.source_kind = 'interactions' and event.direction is distinct from 'internal'
    group by event.customer_id
),

last_moment as (
    select customer_id, max(occurred_at) as last_interaction_at
    from {{ ref('interaction') }}
    where customer_id is not null and direction is distinct from 'internal'
    group by customer_id
),

timeline as (
    select
        event.customer_id,
        event.occurred_at as last_interaction_at,
        arg_max(event.interaction_type, event.interaction_id) as last_interaction_type
    from {{ ref('interaction') }} as event
    inner join last_moment
        on last_moment.customer_id = event.customer_id and last_moment.last_interaction_at = event.occurred_at
    where event.direction is distinct from 'internal'
    group by all
),

campaigns as (
    select
        customer_id,
        count(*) filter (where action = 'sent') as campaign_sent_count,
        count(*) filter (where action = 'open' and is_machine is not true) as campaign_open_count,
        count(*) filter (where action = 'click' and is_machine is not true) as campaign_click_count,
        max(occurred_at) filter (where action = 'click' and is_machine is not true) as last_campaign_click_at,
        bool_or(action = 'unsubscribe') as has_unsubscribed
    from {{ ref('fct_campaign_touch') }}
    where customer_id is not null
    group by customer_id
),

registrations as (
    select
        customer_id,
        count(*) as registration_count,
        min(registered_at) as first_registered_at,
        max(registered_at) as last_registered_at
    from {{ ref('fct_web_registration') }}
    where customer_id is not null
    group by customer_id
),

-- The newest profile as a whole, so that facts of different profiles are never mixed in one row.
demographics as (
    select customer_id, household_size, income_band, education, occupation, observed_at as demographics_observed_at
    from ({{ identified('demographics') }}) as profile
    where customer_id is not null
    qualify
        row_number() over (
            partition by customer_id
            order by observed_at desc nulls last, _source_system, _key
        ) = 1
),

stages as (
    select customer_id, stage, entered_at
    from {{ ref('lifecycle_event') }}
    where is_current
),

preferences as (
    select customer_id, channel, basis
    from {{ ref('channel_preference') }}
    where is_preferred
),

delivery_wishes as (
    select
        customer_id,
        string_agg(aspect || ': ' || if(is_wanted, '', 'not ') || wish, ', ' order by aspect, is_wanted desc, wish) as wishes,
        max(stated_at) as last_stated_at
    from {{ ref('delivery_preference') }}
    where is_in_force and order_id is null
    group by customer_id
),

life as (
    select
        customer_id,
        string_agg(concat_ws(' ', replace(kind, '_', ' '), detail, happens_on), ', ' order by kind, detail) as facts
    from {{ ref('life_fact') }}
    group by customer_id
),

-- Days that are over: from midnight to midnight (UTC), so that a metric does not move while the day goes on.
recent as (
    {{ last_days(var('recent_days')) }}
),

recent_orders as (
    select customer_id, currency_code, count(*) as order_count, sum(net_amount) as net_amount
    from {{ ref('fct_order') }}
    cross join recent
    where customer_id is not null and not is_cancelled and ordered_at >= recent.since and ordered_at < recent.until
    group by all
),

recent_order_counts as (
    select customer_id, sum(order_count)::bigint as order_count
    from recent_orders
    group by customer_id
),

recent_tickets as (
    select customer_id, count(*) as ticket_count
    from {{ ref('fct_ticket') }}
    cross join recent
    where customer_id is not null and opened_at >= recent.since and opened_at < recent.until
    group by customer_id
),

recent_contacts as (
    select customer_id, count(*) as contact_count
    from {{ ref('interaction') }}
    cross join recent
    where
        customer_id is not null and source_kind = 'interactions' and direction = 'inbound'
        and occurred_at >= recent.since and occurred_at < recent.until
    group by customer_id
),

-- One row: how current each kind of source is in this snapshot. A kind that no feed has ever served is NEVER.
source_currency as (
    select
        {%- for kind in var('source_kinds') %}
        min(as_of) filter (where entity = '{{ kind }}') as {{ kind }}_as_of,
        coalesce({{ worst_status('status', "entity = '" ~ kind ~ "'") }}, 'NEVER') as {{ kind }}_status,
        -- One feed with a known difference spoils it; without a verdict on every feed it is not known.
        case
            when bool_or(not is_complete) filter (where entity = '{{ kind }}') then false
            when bool_and(is_complete is not null) filter (where entity = '{{ kind }}') then true
        end as {{ kind }}_complete,
        {%- endfor %}
        min(as_of) as oldest_as_of,
        date_diff('second', min(as_of), max(as_of)) as as_of_skew_seconds,
        arg_max(feed, row({{ status_rank('status') }}, -epoch(coalesce(as_of, timestamp '1970-01-01')), feed))
            as weakest_source
    from {{ ref('feed_mark') }}
    where entity in ('{{ var('source_kinds') | join("', '") }}')
)

select
    customer.customer_id,
    customer.party_type,
    customer.display_name,
    customer.primary_email,
    customer.primary_phone_e164,
    customer.street,
    customer.city,
    customer.region,
    customer.postal_code,
    customer.country,
    customer.language,
    customer.has_marketing_consent,
    customer.record_count,
    customer.source_count,
    customer.sources,
    customer.identity_confidence,
    customer.first_seen_at,

    {{ counted('orders.order_count', 'orders') }} as order_count,
    {{ counted('orders.cancelled_order_count', 'orders') }} as cancelled_order_count,
    orders.first_order_at,
    orders.last_order_at,
    main_currency.currency_code,
    main_currency.net_amount::decimal(18, 2) as net_amount,
    {{ counted('main_currency.other_currency_order_count', 'orders') }}::bigint as other_currency_order_count,
    {{ counted('main_currency.other_currency_order_count', 'orders') }} > 0 as has_mixed_currencies,

    {{ counted('payments.payment_count', 'payments') }} as payment_count,
    {{ counted('payments.returned_payment_count', 'payments') }} as returned_payment_count,
    payments.last_payment_at,
    last_payments.last_payment_status,
    payments.last_returned_payment_at,

    {{ counted('shipments.shipment_count', 'shipments') }} as shipment_count,
    {{ counted('shipments.undelivered_shipment_count', 'shipments') }} as undelivered_shipment_count,
    {{ counted('shipments.late_shipment_count', 'shipments') }} as late_shipment_count,
    {{ counted('shipments.overdue_shipment_count', 'shipments') }} as overdue_shipment_count,
    shipments.last_delivered_at,

    {{ counted('tickets.ticket_count', 'tickets') }} as ticket_count,
    {{ counted('tickets.open_ticket_count', 'tickets') }} as open_ticket_count,
    {{ counted('tickets.urgent_open_ticket_count', 'tickets') }} as urgent_open_ticket_count,
    tickets.oldest_open_ticket_at,
    tickets.last_ticket_at,
    tickets.last_csat_score,

    {{ counted('contacts.contact_count', 'interactions') }} as contact_count,
    {{ counted('contacts.inbound_contact_count', 'interactions') }} as inbound_contact_count,
    contacts.last_contact_at,
    last_contacts.last_contact.channel as last_contact_channel,
    last_contacts.last_contact.direction as last_contact_direction,
    last_contacts.last_contact.topic as last_contact_topic,
    timeline.last_interaction_at,
    timeline.last_interaction_type,

    {{ counted('campaigns.campaign_sent_count', 'campaign_responses') }} as campaign_sent_count,
    {{ counted('campaigns.campaign_open_count', 'campaign_responses') }} as campaign_open_count,
    {{ counted('campaigns.campaign_click_count', 'campaign_responses') }} as campaign_click_count,
    campaigns.last_campaign_click_at,
    {{ counted('campaigns.has_unsubscribed', 'campaign_responses', 'false') }} as has_unsubscribed,

    {{ counted('registrations.registration_count', 'web_registrations') }} as registration_count,
    registrations.first_registered_at,
    registrations.last_registered_at,

    value.value_tier,
    value.tier_cause,
    value.total_value,
    value.profit_12m,
    value.potential_value_12m,

    health.satisfaction_score,
    health.loyalty_score,
    health.quadrant,
    stages.stage as lifecycle_stage,
    stages.entered_at as lifecycle_stage_entered_at,
    kind.relationship_type,
    health.is_reference_ready,

    health.open_promise_count,
    health.overdue_promise_count,
    health.open_instruction_count,
    health.open_contradiction_count,

    preferences.channel as preferred_channel,
    preferences.basis as preferred_channel_basis,

    delivery_wishes.wishes as delivery_preference,
    delivery_wishes.last_stated_at as delivery_preference_stated_at,

    household.member_count as household_member_count,
    life.facts as life_facts,
    demographics.household_size,
    demographics.income_band,
    demographics.education,
    demographics.occupation,
    demographics.demographics_observed_at,

    {{ counted('recent_order_counts.order_count', 'orders') }} as order_count_90d,
    {{ counted('recent_orders.net_amount', 'orders') }}::decimal(18, 2) as net_amount_90d,
    {{ is_partial('orders') }} as is_order_90d_partial,
    {{ counted('recent_tickets.ticket_count', 'tickets') }} as ticket_count_90d,
    {{ is_partial('tickets') }} as is_ticket_90d_partial,
    {{ counted('recent_contacts.contact_count', 'interactions') }} as inbound_contact_count_90d,
    {{ is_partial('interactions') }} as is_contact_90d_partial,

    {% for kind in var('source_kinds') -%}
    coalesce({{ kind }}_row.held_row_count, 0){{ ' + ' if not loop.last }}
    {%- endfor %} as held_row_count,

    {%- for kind in var('source_kinds') %}
    {{ kind }}_row.last_event_at as {{ kind }}_last_event_at,
    {{ kind }}_row.row_loaded_at as {{ kind }}_row_loaded_at,
    {{ kind }}_row.batch_id as {{ kind }}_batch_id,
    coalesce({{ kind }}_row.held_row_count, 0) as {{ kind }}_held_rows,
    source_currency.{{ kind }}_as_of,
    source_currency.{{ kind }}_status,
    source_currency.{{ kind }}_complete,
    {%- endfor %}
    source_currency.oldest_as_of,
    source_currency.as_of_skew_seconds,
    source_currency.weakest_source,
    snapshot.snapshot_id,
    snapshot.snapshot_at as published_at,
    snapshot.contract_versions
from {{ ref('dim_customer') }} as customer
cross join source_currency
cross join {{ ref('snapshot') }} as snapshot
cross join recent
left join orders using (customer_id)
left join main_currency using (customer_id)
left join payments using (customer_id)
left join last_payments using (customer_id)
left join shipments using (customer_id)
left join tickets using (customer_id)
left join contacts using (customer_id)
left join last_contacts using (customer_id)
left join timeline using (customer_id)
left join campaigns using (customer_id)
left join registrations using (customer_id)
left join {{ ref('customer_value') }} as value using (customer_id)
left join {{ ref('customer_health') }} as health using (customer_id)
left join stages using (customer_id)
left join {{ ref('relationship_type') }} as kind using (customer_id)
left join preferences using (customer_id)
left join delivery_wishes using (customer_id)
left join life using (customer_id)
left join {{ ref('household') }} as household on household.household_id = customer.household_id
left join demographics using (customer_id)
-- A join for each kind, as one aggregate with a filter for each would cost twice as much.
{%- for kind in var('source_kinds') %}
left join {{ ref('customer_source') }} as {{ kind }}_row
    on {{ kind }}_row.customer_id = customer.customer_id and {{ kind }}_row.source_kind = '{{ kind }}'
{%- endfor %}
left join recent_order_counts using (customer_id)
left join recent_orders
    on recent_orders.customer_id = customer.customer_id
    and recent_orders.currency_code is not distinct from main_currency.currency_code
left join recent_tickets on recent_tickets.customer_id = customer.customer_id
left join recent_contacts on recent_contacts.customer_id = customer.customer_id
