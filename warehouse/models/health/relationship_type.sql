-- Each kind of evidence points to one type. A type is said only when enough kinds of evidence point to it and to no
-- other as often; everything else is unknown.
with today as (
    select
        snapshot_at,
        snapshot_at::date as as_of_date,
        snapshot_at - interval {{ var('relationship_days') }} day as since
    from {{ ref('snapshot') }}
),

orders as (
    select
        sale.customer_id,
        count(*) as order_count,
        count(*) filter (where sale.discount_amount > 0) / count(*) as discount_share
    from {{ ref('fct_order') }} as sale
    cross join today
    where sale.customer_id is not null and not sale.is_cancelled and sale.ordered_at > today.since
    group by sale.customer_id
),

contacts as (
    select
        contact.customer_id,
        count(*) as contact_count,
        count(*) filter (where contact.channel in ({{ words(var('human_channels')) }})) / count(*) as human_share
    from {{ ref('interaction') }} as contact
    cross join today
    where
        contact.customer_id is not null and contact.source_kind = 'interactions' and contact.direction = 'inbound'
        and contact.occurred_at > today.since
    group by contact.customer_id
),

price_remarks as (
    select remark.customer_id, count(*) as price_remark_count
    from {{ ref('statement') }} as remark
    cross join today
    where
        remark.customer_id is not null and remark.speaker = 'customer'
        and remark.topic in ({{ words(var('price_topics')) }}) and remark.stated_at > today.since
    group by remark.customer_id
),

praises as (
    select signal.customer_id, count(*) as praise_count
    from {{ ref('satisfaction_signal') }} as signal
    cross join today
    where signal.customer_id is not null and signal.kind = 'praise' and signal.said_at > today.since
    group by signal.customer_id
),

mailings as (
    select
        touch.customer_id,
        count(*) filter (where touch.action = 'sent') as sent_count,
        count(*) filter (where touch.action in ('open', 'click', 'reply', 'purchase') and touch.is_machine is not true)
            as answer_count
    from {{ ref('fct_campaign_touch') }} as touch
    cross join today
    where touch.customer_id is not null and touch.occurred_at > today.since
    group by touch.customer_id
),

troubles as (
    select
        experience.customer_id,
        count(*) filter (where experience.is_late) as late_count,
        count(experience.complained_at) as complaint_count
    from {{ ref('order_experience') }} as experience
    cross join today
    where experience.customer_id is not null and experience.ordered_at > today.since
    group by experience.customer_id
),

referrals as (
    select from_customer_id as customer_id, count(*) as referral_count
    from {{ ref('relationship') }}
    where relationship_type = 'referred'
    group by from_customer_id
),

measured as (
    select
        customer.customer_id,
        coalesce(orders.order_count, 0) as order_count,
        orders.discount_share,
        coalesce(contacts.contact_count, 0) as contact_count,
        contacts.human_share,
        coalesce(price_remarks.price_remark_count, 0) as price_remark_count,
        coalesce(praises.praise_count, 0) as praise_count,
        coalesce(mailings.sent_count, 0) as sent_count,
        coalesce(mailings.answer_count, 0) as answer_count,
        coalesce(troubles.late_count, 0) as late_count,
        coalesce(troubles.complaint_count, 0) as complaint_count,
        coalesce(referrals.referral_count, 0) as referral_count,
        {{ days_between('rhythm.first_order_at', 'rhythm.known_at') }} as tenure_days,
        rhythm.gap_variation
    from {{ ref('dim_customer') }} as customer
    left join orders using (customer_id)
    left join contacts using (customer_id)
    left join price_remarks using (customer_id)
    left join praises using (customer_id)
    left join mailings using (customer_id)
    left join troubles using (customer_id)
    left join referrals using (customer_id)
    left join {{ ref('buying_rhythm') }} as rhythm using (customer_id)
),

{%- set kinds = [
    ('discount_share', 'price_driven',
     "order_count >= " ~ var('relationship_least_events') ~ " and discount_share >= " ~ var('price_discount_share'),
     'discount_share', "'share of orders at a discount'"),
    ('price_remarks', 'price_driven', 'price_remark_count > 0', 'price_remark_count', "'remarks on prices'"),
    ('contacts_per_order', 'care_seeking',
     "contact_count >= " ~ var('relationship_least_events')
     ~ " and contact_count >= " ~ var('care_contacts_per_order') ~ " * greatest(order_count, 1)",
     'contact_count / greatest(order_count, 1)', "'contacts an order'"),
    ('human_share', 'care_seeking',
     "contact_count >= " ~ var('relationship_least_events') ~ " and human_share >= " ~ var('care_human_share'),
     'human_share', "'share of contacts by voice or face'"),
    ('praise', 'care_seeking', 'praise_count > 0', 'praise_count', "'praise for our people'"),
    ('steady_rhythm', 'trust_seeking',
     "tenure_days >= " ~ var('trust_tenure_days') ~ " and gap_variation <= " ~ var('trust_gap_variation'),
     'tenure_days', "'days of buying at steady gaps'"),
    ('referrals', 'trust_seeking', 'referral_count > 0', 'referral_count', "'customers who came on their word'"),
    ('mailings_unanswered', 'ambivalent',
     "sent_count >= " ~ var('ambivalent_least_mailings') ~ " and answer_count = 0",
     'sent_count', "'mailings, none opened or answered'"),
    ('irregular_gaps', 'ambivalent', "gap_variation >= " ~ var('ambivalent_gap_variation'),
     'gap_variation', "'how irregular the gaps are, where 1 is chance'"),
    ('trouble_without_a_word', 'ambivalent',
     "late_count >= " ~ var('ambivalent_least_troubles') ~ " and complaint_count = 0 and contact_count = 0",
     'late_count', "'late orders and no complaint'"),
] %}

found as (
    select
        customer_id,
        list_filter(
            [
                {%- for kind, points_to, condition, value, reading in kinds %}
                case
                    when {{ condition }}
                        then {
                            'kind': '{{ kind }}', 'points_to': '{{ points_to }}',
                            'value': ({{ value }})::double, 'reading': {{ reading }}
                        }
                end
                {{- ',' if not loop.last }}
                {%- endfor %}
            ],
            lambda found_kind: found_kind is not null
        ) as evidence
    from measured
),

{%- set types = ['price_driven', 'care_seeking', 'trust_seeking', 'ambivalent'] %}

counted as (
    select
        customer_id,
        evidence,
        {%- for type in types %}
        len(list_filter(evidence, lambda found_kind: found_kind.points_to = '{{ type }}')) as {{ type }},
        {%- endfor %}
        greatest({{ types | join(', ') }}) as most
    from found
),

decided as (
    select
        *,
        case
            when most < {{ var('relationship_least_kinds') }} then 'unknown'
            when {% for type in types %}({{ type }} = most)::int{{ ' + ' if not loop.last }}{% endfor %} > 1 then 'unknown'
            {%- for type in types %}
            when {{ type }} = most then '{{ type }}'
            {%- endfor %}
        end as relationship_type
    from counted
)

select
    decided.customer_id,
    today.as_of_date,
    decided.relationship_type,
    case when decided.relationship_type <> 'unknown' then decided.most / len(decided.evidence) end::double as confidence,
    decided.evidence,
    case decided.relationship_type
        {%- for type, script in var('service_scripts').items() %}
        when '{{ type }}' then '{{ script }}'
        {%- endfor %}
    end as service_script
from decided
cross join today
