-- What the company did although the customer had told it not to, while the instruction was in force.
{% set severity = var('contradiction_severity') %}
with instructions as (
    select statement_id, customer_id, action, subject_type, subject_id, stated_at, closed_at
    from {{ ref('obligation') }}
    where statement_type = 'instruction' and customer_id is not null
    union all
    select
        statement_id, customer_id, 'delivery_' || aspect, 'delivery', if(is_wanted, wish, 'not ' || wish), stated_at,
        ended_at
    from {{ ref('delivery_preference') }}
),

-- A stopped check may neither be presented nor cashed; that it comes back and costs a fee follows from it.
payments as (
    select
        instruction.statement_id,
        'payment_' || payment.status as action_kind,
        payment.payment_key as action_key,
        'payment:' || payment.payment_key as action_interaction_id,
        payment.occurred_at as happened_at,
        payment.amount,
        payment.currency_code,
        refund.occurred_at as made_good_at
    from instructions as instruction
    inner join {{ ref('fct_payment') }} as payment
        on
            payment.customer_id = instruction.customer_id
            and lower(payment.instrument_ref) = lower(instruction.subject_id)
    -- A refund makes good the payment of its own amount.
    asof left join (
        select customer_id, instrument_ref, currency_code, abs(amount) as amount, occurred_at
        from {{ ref('fct_payment') }}
        where status = 'refunded'
    ) as refund
        on
            refund.customer_id = payment.customer_id and refund.instrument_ref = payment.instrument_ref
            and refund.currency_code = payment.currency_code and refund.amount = payment.amount
            and refund.occurred_at > payment.occurred_at
    where
        instruction.action = 'stop_payment'
        and payment.status in ('authorised', 'presented', 'cleared', 'returned', 'fee_charged')
),

parcels as (
    select
        instruction.statement_id,
        'parcel_shipped' as action_kind,
        shipment.shipment_key as action_key,
        'parcel_shipped:' || shipment.shipment_key as action_interaction_id,
        shipment.shipped_at as happened_at,
        null::decimal(18, 2) as amount,
        null::varchar as currency_code,
        if(shipment.status in ('returned', 'voided'), coalesce(shipment.source_updated_at, shipment.loaded_at), null)
            as made_good_at
    from instructions as instruction
    inner join {{ ref('fct_shipment') }} as shipment
        on shipment.customer_id = instruction.customer_id and shipment.order_id = instruction.subject_id
    where instruction.action = 'cancel_order' and instruction.subject_type = 'order'
),

unwished_parcels as (
    select
        statement_id,
        'parcel_shipped' as action_kind,
        shipment_key as action_key,
        'parcel_shipped:' || shipment_key as action_interaction_id,
        shipped_at as happened_at,
        null::decimal(18, 2) as amount,
        null::varchar as currency_code,
        returned_at as made_good_at,
        -- What lies in the wrong place, or with the wrong carrier, must be brought back; a day and a service are gone.
        if(aspect in ('carrier', 'place'), '{{ severity.parcel }}', '{{ severity.parcel_over }}') as severity
    from {{ ref('delivery_check') }}
    where verdict = 'against'
),

messages as (
    select
        instruction.statement_id,
        'campaign_sent' as action_kind,
        touch.touch_key as action_key,
        'campaign:' || touch.touch_key as action_interaction_id,
        touch.occurred_at as happened_at,
        null::decimal(18, 2) as amount,
        null::varchar as currency_code,
        null::timestamp as made_good_at
    from instructions as instruction
    inner join {{ ref('fct_campaign_touch') }} as touch
        on touch.customer_id = instruction.customer_id and instruction.subject_id in (touch.channel, 'all')
    where instruction.action = 'stop_contact' and touch.action = 'sent'
),

actions as (
    select *, '{{ severity.payment }}' as severity from payments
    union all
    select *, '{{ severity.parcel }}' from parcels
    union all
    select * from unwished_parcels
    union all
    select *, '{{ severity.message }}' from messages
)

select
    actions.statement_id || '#' || actions.action_interaction_id as contradiction_id,
    actions.statement_id,
    instruction.customer_id,
    instruction.action as instruction,
    instruction.subject_type,
    instruction.subject_id,
    instruction.stated_at,
    actions.action_kind,
    actions.action_key,
    actions.action_interaction_id,
    actions.happened_at,
    actions.amount,
    actions.currency_code,
    actions.severity,
    -- The return of a check follows from its presentation, and the fee from the return.
    if(
        actions.action_kind in ('payment_returned', 'payment_fee_charged'),
        lag(actions.action_interaction_id) over chain,
        null
    ) as caused_by_interaction_id,
    -- What happened while it was in force stays what it was; the end of the instruction settles it.
    least(actions.made_good_at, instruction.closed_at) as made_good_at,
    least(actions.made_good_at, instruction.closed_at) is null as is_open
from actions
inner join instructions as instruction on instruction.statement_id = actions.statement_id
where
    actions.happened_at > instruction.stated_at
    and actions.happened_at < coalesce(instruction.closed_at, 'infinity'::timestamp)
window chain as (partition by actions.statement_id order by actions.happened_at, actions.action_interaction_id)
