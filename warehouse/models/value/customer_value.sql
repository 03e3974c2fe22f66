with period as (
    {{ last_days(var('value_days')) }}
),

-- Without an order feed that was ever read, nothing is known of anybody's orders.
reading as (
    select
        coalesce(bool_or(entity = 'orders' and status != 'NEVER'), false) as is_orders_read,
        coalesce(bool_and(status != 'NEVER') filter (where entity in ('shipments', 'tickets', 'interactions')), false)
            as is_service_read
    from {{ ref('feed_mark') }}
),

costs as (
    select
        customer_id,
        currency_code,
        case when bool_and(is_complete) then sum(amount) end as amount
    from {{ ref('cost_to_serve') }}
    where customer_id is not null
    group by all
),

cost_currencies as (
    select customer_id, count(*) as currency_count
    from costs
    group by customer_id
),

influenced as (
    select
        influencer_customer_id as customer_id,
        currency_code,
        count(*) as influenced_customer_count,
        coalesce(sum(credited_amount) filter (where basis = 'referral'), 0) as referral_value,
        coalesce(sum(credited_amount) filter (where basis = 'organisation'), 0) as organisation_value,
        coalesce(sum(credited_amount) filter (where basis = 'household'), 0) as household_value
    from {{ ref('influence') }}
    group by all
),

influenced_counts as (
    select customer_id, sum(influenced_customer_count)::bigint as influenced_customer_count
    from influenced
    group by customer_id
),

-- Insights of the twelve months that are over; whether one was acted on may have come since.
insights as (
    select
        insight.customer_id,
        count(*) as insight_count_12m,
        count(insight.acted_on_at) as insight_acted_count_12m
    from {{ ref('customer_insight') }} as insight
    cross join period
    where
        insight.customer_id is not null and insight.captured_at >= period.since and insight.captured_at < period.until
    group by insight.customer_id
),

potential as (
    select
        history.customer_id,
        history.currency_code,
        outlook.alive_probability,
        {{ foretold('outlook.expected_factor') }} as expected_amount,
        {{ foretold('outlook.low_factor') }} as low_amount,
        {{ foretold('outlook.high_factor') }} as high_amount,
        fit.reason
    from {{ ref('purchase_history') }} as history
    inner join period on period.until::date = history.as_of_date
    left join {{ ref('potential_fit') }} as fit using (currency_code, as_of_date)
    left join {{ ref('potential_outlook') }} as outlook
        using (currency_code, as_of_date, purchase_day_count, last_purchase_week, age_weeks)
),

known as (
    select
        customer.customer_id,
        period.until::date as as_of_date,
        case when sales.customer_id is null then '{{ var('home_currency') }}' else sales.currency_code end as currency_code,
        sales.customer_id is not null as has_bought,
        coalesce(sales.order_count_12m, case when reading.is_orders_read then 0 end) as frequency_12m,
        case when sales.customer_id is null and reading.is_orders_read then 0 else sales.net_amount end as total_value,
        coalesce(sales.net_amount_12m, case when reading.is_orders_read then 0 end) as revenue_12m,
        case when sales.customer_id is null and reading.is_orders_read then 0 else sales.margin_amount_12m end as margin_12m,
        sales.costed_net_amount_12m,
        sales.first_order_at,
        sales.first_sales_channel,
        sales.last_order_at,
        period.until,
        not reading.is_service_read as is_cost_partial
    from {{ ref('dim_customer') }} as customer
    cross join period
    cross join reading
    left join (select * from {{ ref('customer_sales') }} where is_main_currency) as sales using (customer_id)
),

joined as (
    select
        known.*,
        case when coalesce(cost_currencies.currency_count, 0) <= (costs.customer_id is not null)::integer
            then case when costs.customer_id is null then 0 else costs.amount end
        end as cost_to_serve_12m,
        potential.alive_probability,
        potential.expected_amount as potential_value_12m,
        potential.low_amount as potential_low,
        potential.high_amount as potential_high,
        case
            when not known.has_bought then 'nothing was bought yet'
            when potential.customer_id is null then 'nothing was bought and kept before today'
            else potential.reason
        end as potential_reason,
        coalesce(influenced_counts.influenced_customer_count, 0) as influenced_customer_count,
        coalesce(influenced_counts.influenced_customer_count, 0) - coalesce(influenced.influenced_customer_count, 0)
            as uncredited_customer_count,
        coalesce(influenced.referral_value, 0) as referral_value,
        coalesce(influenced.organisation_value, 0) as organisation_value,
        coalesce(influenced.household_value, 0) as household_value,
        coalesce(insights.insight_count_12m, 0) as insight_count_12m,
        (insights.insight_acted_count_12m / insights.insight_count_12m)::double as insight_acted_share
    from known
    left join costs using (customer_id, currency_code)
    left join cost_currencies using (customer_id)
    left join potential using (customer_id, currency_code)
    left join influenced using (customer_id, currency_code)
    left join influenced_counts using (customer_id)
    left join insights using (customer_id)
),

valued as (
    select
        *,
        margin_12m - cost_to_serve_12m as profit_12m,
        referral_value + organisation_value + household_value as influence_value,
        greatest(
            revenue_12m, potential_value_12m, referral_value + organisation_value + household_value, 0
        ) as tier_amount
    from joined
),

{% set scores = {'recency': 'last_order_at::date', 'frequency': 'frequency_12m', 'monetary': 'revenue_12m'} -%}
{% for score, value in scores.items() -%}
{{ score }} as (
    {{ ranks('(from valued where has_bought)', value) }}
),

{% endfor -%}
tiers as (
    {{ ranks('valued', '-tier_amount') }}
),

ranked as (
    select
        valued.*,
        tiers.share_below as tier_rank,
        {%- for score in scores %}
        case when valued.has_bought then 1 + least(floor({{ score }}.share_below * 5), 4)::integer end as {{ score }}_score{{ ',' if not loop.last }}
        {%- endfor %}
    from valued
    inner join tiers
        on tiers.currency_code is not distinct from valued.currency_code and tiers.value = -valued.tier_amount
    {%- for score, value in scores.items() %}
    left join {{ score }}
        on
            valued.has_bought
            and {{ score }}.currency_code is not distinct from valued.currency_code
            and {{ score }}.value is not distinct from valued.{{ value }}
    {%- endfor %}
),

tiered as (
    select
        *,
        case
            {%- for tier, share in var('value_tiers').items() %}
            when tier_amount > 0 and tier_rank < {{ share }} then '{{ tier }}'
            {%- endfor %}
            else '{{ var('lowest_value_tier') }}'
        end as ranked_tier
    from ranked
)

select
    customer_id,
    as_of_date,
    currency_code,
    first_order_at,
    first_sales_channel as acquisition_channel,
    total_value::decimal(18, 2) as total_value,
    revenue_12m::decimal(18, 2) as revenue_12m,
    margin_12m::decimal(18, 2) as margin_12m,
    case when revenue_12m > 0 then least(costed_net_amount_12m / revenue_12m, 1) end::double as margin_known_share,
    cost_to_serve_12m::decimal(18, 2) as cost_to_serve_12m,
    is_cost_partial,
    profit_12m::decimal(18, 2) as profit_12m,
    case
        when total_value is null then 'no feed of orders was ever read'
        when margin_12m is null then 'the cost of goods of an order is unknown'
        when cost_to_serve_12m is null then 'a cost to serve is unknown or in another currency'
    end as profit_reason,
    potential_value_12m::decimal(18, 2) as potential_value_12m,
    potential_low::decimal(18, 2) as potential_low,
    potential_high::decimal(18, 2) as potential_high,
    case when potential_value_12m is not null then '{{ var('potential_method') }}' end as potential_method,
    potential_reason,
    alive_probability,
    insight_count_12m,
    insight_acted_share,
    influence_value::decimal(18, 2) as influence_value,
    referral_value::decimal(18, 2) as referral_value,
    organisation_value::decimal(18, 2) as organisation_value,
    household_value::decimal(18, 2) as household_value,
    influenced_customer_count,
    uncredited_customer_count,
    (as_of_date - last_order_at::date)::bigint as recency_days,
    frequency_12m,
    recency_score || '' || frequency_score || monetary_score as rfm_code,
    case
        when ranked_tier = '{{ var('value_tiers') | first }}' and profit_12m < 0
            then '{{ (var('value_tiers') | list)[1] }}'
        else ranked_tier
    end as value_tier,
    case
        when tier_amount <= 0 then 'nothing bought, foretold or brought by others'
        when ranked_tier = '{{ var('value_tiers') | first }}' and profit_12m < 0 then 'costs more than it earns'
        when tier_amount = revenue_12m then 'revenue_12m'
        when tier_amount = potential_value_12m then 'potential_value_12m'
        else 'influence_value'
    end as tier_cause,
    {{ var('service_floor_hours') }}::bigint as tier_floor,
    '{{ var('value_method') }}' as method_version
from tiered
-- So that a reader of one customer reads one part of the table.
order by customer_id
