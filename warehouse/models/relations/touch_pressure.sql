-- What we look like to each customer. A count is null where no feed brings such rows: then nothing is known of it.
with days as (
    select
        snapshot_at::date::timestamp as until,
        snapshot_at::date::timestamp - interval {{ var('month_days') }} day as month_since,
        snapshot_at::date::timestamp - interval {{ var('recent_days') }} day as since
    from {{ ref('snapshot') }}
),

fed as (
    {{ fed(['campaign_responses', 'interactions', 'tickets', 'shipments', 'payments']) }}
),

messages as (
    select
        customer_id,
        count(*) filter (where action = 'sent' and occurred_at >= days.month_since) as message_count_30d,
        count(*) filter (where action = 'sent') as message_count_90d,
        count(*) filter (where action = 'bounce') as bounce_count_90d
    from {{ ref('fct_campaign_touch') }}
    cross join days
    where customer_id is not null and action in ('sent', 'bounce') and occurred_at >= days.since and occurred_at < days.until
    group by customer_id
),

contacts as (
    select
        customer_id,
        count(*) filter (where occurred_at >= days.month_since) as contact_count_30d,
        count(*) as contact_count_90d
    from {{ ref('interaction') }}
    cross join days
    where
        customer_id is not null and source_kind = 'interactions' and direction = 'outbound'
        and occurred_at >= days.since and occurred_at < days.until
    group by customer_id
),

tickets as (
    select
        customer_id,
        avg(first_reply_hours) as mean_first_reply_hours_90d,
        max(first_reply_hours) as longest_first_reply_hours_90d,
        count(*) filter (where is_open and first_reply_at is null) as unanswered_ticket_count_90d
    from {{ ref('fct_ticket') }}
    cross join days
    where customer_id is not null and opened_at >= days.since and opened_at < days.until
    group by customer_id
),

parcels as (
    select customer_id, count(*) as late_shipment_count_90d
    from {{ ref('fct_shipment') }}
    cross join days
    where
        customer_id is not null and is_late
        and promised_delivery_at >= days.since and promised_delivery_at < days.until
    group by customer_id
),

payments as (
    select customer_id, count(*) as failed_payment_count_90d
    from {{ ref('fct_payment') }}
    cross join days
    where
        customer_id is not null and status in ('returned', 'failed')
        and occurred_at >= days.since and occurred_at < days.until
    group by customer_id
)

select
    customer.customer_id,
    case when fed.has_campaign_responses then coalesce(messages.message_count_30d, 0) end as message_count_30d,
    case when fed.has_campaign_responses then coalesce(messages.message_count_90d, 0) end as message_count_90d,
    case when fed.has_interactions then coalesce(contacts.contact_count_30d, 0) end as outbound_contact_count_30d,
    case when fed.has_interactions then coalesce(contacts.contact_count_90d, 0) end as outbound_contact_count_90d,
    tickets.mean_first_reply_hours_90d,
    tickets.longest_first_reply_hours_90d,
    case when fed.has_tickets then coalesce(tickets.unanswered_ticket_count_90d, 0) end as unanswered_ticket_count_90d,
    case when fed.has_shipments then coalesce(parcels.late_shipment_count_90d, 0) end as late_shipment_count_90d,
    case when fed.has_campaign_responses then coalesce(messages.bounce_count_90d, 0) end as bounce_count_90d,
    case when fed.has_payments then coalesce(payments.failed_payment_count_90d, 0) end as failed_payment_count_90d
from {{ ref('dim_customer') }} as customer
cross join fed
left join messages using (customer_id)
left join contacts using (customer_id)
left join tickets using (customer_id)
left join parcels using (customer_id)
left join payments using (customer_id)
