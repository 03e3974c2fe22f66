-- Each figure summed over customers is what the fact holds for known customers.
with compared as (
    select 'orders' as kind, (select sum(order_count + cancelled_order_count) from {{ ref('customer_360') }}) as in_360,
        (select count(*) from {{ ref('fct_order') }} where customer_id is not null) as in_facts
    union all
    select 'payments', (select sum(payment_count) from {{ ref('customer_360') }}),
        (select count(*) from {{ ref('fct_payment') }} where customer_id is not null)
    union all
    select 'shipments', (select sum(shipment_count) from {{ ref('customer_360') }}),
        (select count(*) from {{ ref('fct_shipment') }} where customer_id is not null)
    union all
    select 'tickets', (select sum(ticket_count) from {{ ref('customer_360') }}),
        (select count(*) from {{ ref('fct_ticket') }} where customer_id is not null)
    union all
    select 'registrations', (select sum(registration_count) from {{ ref('customer_360') }}),
        (select count(*) from {{ ref('fct_web_registration') }} where customer_id is not null)
)

select * from compared
where coalesce(in_360, 0) != in_facts
