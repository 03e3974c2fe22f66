-- What influencers are credited is what the influenced are worth in the same currency; nobody brought himself.
select 'sum' as what
where
    (select coalesce(sum(influence_value), 0) from {{ ref('customer_value') }}) != (
        select coalesce(sum(influence.credited_amount), 0)
        from {{ ref('influence') }} as influence
        inner join {{ ref('customer_value') }} as influencer
            on
                influencer.customer_id = influence.influencer_customer_id
                and influencer.currency_code = influence.currency_code
    )
union all
select customer_id from {{ ref('influence') }} where customer_id = influencer_customer_id
