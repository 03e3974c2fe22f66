with contacts as (
    select
        coalesce(contact.customer_id, its_order.customer_id, its_ticket.customer_id) as customer_id,
        contact.occurred_at,
        coalesce(contact.recorded_at, contact._landed_at) as recorded_at,
        contact.channel,
        contact.direction,
        coalesce(contact.interaction_type, 'contact') as interaction_type,
        coalesce(contact.topic, its_ticket.topic) as topic,
        -- A comment speaks of its ticket, and a contact on an order of that order, when nothing nearer is named.
        case
            when contact.subject_id is not null or contact.subject_type is not null then contact.subject_type
            when contact.ticket_id is not null then 'ticket'
            when contact.order_id is not null then 'order'
        end as subject_type,
        coalesce(contact.subject_id, if(contact.subject_type is null, coalesce(contact.ticket_id, contact.order_id), null))
            as subject_id,
        contact.employee_id,
        contact.summary,
        contact.text_confidence,
        contact.media_link,
        contact.media_sha256,
        contact.is_public,
        contact.satisfaction_score,
        'interactions' as source_kind,
        contact._source_system as source_system,
        contact._key as record_id,
        contact._batch_id as batch_id,
        contact._landed_at as loaded_at
    from ({{ identified('interactions') }}) as contact
    left join {{ ref('fct_order') }} as its_order on its_order.order_key = {{ order_reference('contact') }}
    left join {{ ref('fct_ticket') }} as its_ticket
        on its_ticket.ticket_key = contact._source_system || '/' || {{ escaped('contact.ticket_id') }}
),

orders as (
    select
        customer_id,
        ordered_at as occurred_at,
        loaded_at as recorded_at,
        case sales_channel when 'store' then 'in_person' when 'partner' then 'other' else coalesce(sales_channel, 'other') end
            as channel,
        'inbound' as direction,
        'order_placed' as interaction_type,
        null as topic,
        'order' as subject_type,
        order_id as subject_id,
        sales_employee_id as employee_id,
        concat_ws(' ', 'Order', order_id, net_amount, currency_code, 'net,', status) as summary,
        'orders' as source_kind,
        source_system,
        {{ record_id_of('order_key') }} as record_id,
        batch_id,
        loaded_at
    from {{ ref('fct_order') }}
),

ticket_events as (
    select 'ticket_opened' as interaction_type, opened_at as occurred_at, 'inbound' as direction, *
    from {{ ref('fct_ticket') }}
    where opened_at is not null
    union all
    select 'ticket_solved', solved_at, 'outbound', *
    from {{ ref('fct_ticket') }}
    where solved_at is not null
),

tickets as (
    select
        customer_id,
        occurred_at,
        loaded_at as recorded_at,
        coalesce(channel, 'other') as channel,
        direction,
        interaction_type,
        topic,
        'ticket' as subject_type,
        ticket_id as subject_id,
        assignee_employee_id as employee_id,
        subject as summary,
        'tickets' as source_kind,
        source_system,
        {{ record_id_of('ticket_key') }} as record_id,
        batch_id,
        loaded_at
    from ticket_events
),

shipment_events as (
    select 'parcel_shipped' as interaction_type, shipped_at as occurred_at, *
    from {{ ref('fct_shipment') }}
    where shipped_at is not null
    union all
    select 'parcel_delivered', delivered_at, *
    from {{ ref('fct_shipment') }}
    where delivered_at is not null
),

shipments as (
    select
        customer_id,
        occurred_at,
        loaded_at as recorded_at,
        'other' as channel,
        'outbound' as direction,
        interaction_type,
        null as topic,
        'shipment' as subject_type,
        shipment_id as subject_id,
        null as employee_id,
        concat_ws(
            ' ', 'Parcel', shipment_id, 'by', carrier,
            case when interaction_type = 'parcel_delivered' and is_late then 'delivered late' end
        ) as summary,
        'shipments' as source_kind,
        source_system,
        {{ record_id_of('shipment_key') }} as record_id,
        batch_id,
        loaded_at
    from shipment_events
),

payments as (
    select
        customer_id,
        occurred_at,
        loaded_at as recorded_at,
        'other' as channel,
        case
            when status in ('authorised', 'presented', 'cleared', 'pending', 'failed') then 'inbound'
            when status in ('returned', 'refunded', 'fee_charged') then 'outbound'
        end as direction,
        'payment_' || coalesce(status, 'other') as interaction_type,
        null as topic,
        'payment' as subject_type,
        coalesce(instrument_ref, payment_id) as subject_id,
        null as employee_id,
        concat_ws(' ', 'Payment', method, instrument_ref, amount, currency_code, status) as summary,
        'payments' as source_kind,
        source_system,
        {{ record_id_of('payment_key') }} as record_id,
        batch_id,
        loaded_at
    from {{ ref('fct_payment') }}
    where occurred_at is not null
),

campaign_touches as (
    select
        customer_id,
        occurred_at,
        loaded_at as recorded_at,
        coalesce(channel, 'other') as channel,
        case when action in ('sent', 'bounce') then 'outbound' else 'inbound' end as direction,
        'campaign_' || action as interaction_type,
        campaign_name as topic,
        'campaign' as subject_type,
        campaign_id as subject_id,
        null as employee_id,
        concat_ws(' ', 'Campaign', coalesce(campaign_name, campaign_id), action) as summary,
        'campaign_responses' as source_kind,
        source_system,
        {{ record_id_of('touch_key') }} as record_id,
        batch_id,
        loaded_at
    from {{ ref('fct_campaign_touch') }}
    where occurred_at is not null and is_machine is not true
),

registrations as (
    select
        customer_id,
        registered_at as occurred_at,
        loaded_at as recorded_at,
        'web' as channel,
        'inbound' as direction,
        'web_registration' as interaction_type,
        form_name as topic,
        'registration' as subject_type,
        registration_id as subject_id,
        null as employee_id,
        concat_ws(' ', 'Form', form_name, outcome) as summary,
        'web_registrations' as source_kind,
        source_system,
        {{ record_id_of('registration_key') }} as record_id,
        batch_id,
        loaded_at
    from {{ ref('fct_web_registration') }}
    where registered_at is not null
),

events as (
    select * from contacts
    union all by name
    select * from orders
    union all by name
    select * from tickets
    union all by name
    select * from shipments
    union all by name
    select * from payments
    union all by name
    select * from campaign_touches
    union all by name
    select * from registrations
)

select
    case source_kind
        when 'interactions' then 'contact'
        when 'payments' then 'payment'
        when 'campaign_responses' then 'campaign'
        when 'web_registrations' then 'registration'
        else interaction_type
    end || ':' || source_system || '/' || record_id as interaction_id,
    * exclude (record_id),
    source_system || '/' || source_kind || '/' || record_id as source_record_key
-- By customer, so that a reader of one customer reads one part of the file; before keys are written out, as narrow rows
-- are sorted in less time.
from (from events order by customer_id)
