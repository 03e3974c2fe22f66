select
    (select sum(customer_count) from {{ ref('cohort') }}) as customers_in_cohorts,
    (select sum(active_customer_count) from {{ ref('cohort_month') }} where months_since = 0) as customers_in_month_0,
    (select count(distinct customer_id) from {{ ref('fct_order') }} where not is_cancelled) as customers
where
    coalesce(customers_in_cohorts, 0) != customers
    -- Whoever orders in two currencies in the first month stands in it twice.
    or coalesce(customers_in_month_0, 0) < customers
