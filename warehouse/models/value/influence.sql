with first_order as (
    select customer_id, min(first_order_at) as first_order_at
    from {{ ref('customer_sales') }}
    group by customer_id
),

-- Whoever is named in a form is found by an address that is theirs alone, by their account, or by their customer id.
known_as as (
    select 'email:' || value as name, any_value(customer_id) as customer_id
    from {{ ref('contact_point') }}
    where contact_point_type = 'email'
    group by value
    having count(distinct customer_id) = 1
    union all
    select 'account:' || record_id, any_value(customer_id)
    from {{ source('identity', 'customer_crosswalk') }}
    where entity = 'accounts'
    group by record_id
    having count(distinct customer_id) = 1
    union all
    select customer_id, customer_id from {{ ref('dim_customer') }}
    union all
    select old_customer_id, current_customer_id from {{ ref('customer_id_redirect') }}
),

named as (
    select
        form.customer_id,
        form.registered_at,
        unnest([
            'email:' || lower(trim(form.referred_by)),
            'account:' || trim(form.referred_by),
            trim(form.referred_by)
        ]) as name
    from {{ ref('fct_web_registration') }} as form
    where form.customer_id is not null and form.referred_by is not null
),

-- Who came because of somebody had bought nothing before they said so; the first to be named counts.
referrals as (
    select named.customer_id, known_as.customer_id as influencer_customer_id, named.registered_at as since_at
    from named
    inner join known_as using (name)
    left join first_order on first_order.customer_id = named.customer_id
    where
        known_as.customer_id != named.customer_id
        and coalesce(first_order.first_order_at::date >= named.registered_at::date, true)
    qualify
        row_number() over (
            partition by named.customer_id order by named.registered_at, known_as.customer_id
        ) = 1
),

circles as (
    select 'organisation' as basis, lower(trim(organisation_name)) as circle, customer_id
    from {{ ref('dim_customer') }}
    where organisation_name is not null
    union all
    select 'household', household_id, customer_id
    from {{ ref('dim_customer') }}
    where household_id is not null
),

-- In a household or an organisation the one who bought first brought the others.
brought_along as (
    select
        circles.customer_id,
        first_value(circles.customer_id) over of_circle as influencer_customer_id,
        first_order.first_order_at as since_at,
        circles.basis
    from circles
    inner join first_order using (customer_id)
    window of_circle as (
        partition by circles.basis, circles.circle order by first_order.first_order_at, circles.customer_id
    )
),

claims as (
    select customer_id, influencer_customer_id, since_at, 'referral' as basis from referrals
    union all
    select customer_id, influencer_customer_id, since_at, basis from brought_along
    where influencer_customer_id != customer_id
)

-- Each customer's value is credited once: what was said outweighs what is concluded, and work outweighs the address.
select
    claims.customer_id,
    claims.influencer_customer_id,
    claims.basis,
    claims.since_at,
    sales.currency_code,
    coalesce(sales.net_amount, 0)::decimal(18, 2) as credited_amount
from claims
left join (select * from {{ ref('customer_sales') }} where is_main_currency) as sales using (customer_id)
qualify
    row_number() over (
        partition by claims.customer_id
        order by list_position({{ var('influence_precedence') }}, claims.basis), claims.influencer_customer_id
    ) = 1
