-- Every step is one of those there are, and each customer with events is in one stage now.
with steps as (
    select unnest([
        '>prospect', '>new', 'prospect>new', 'new>active', 'new>lapsing', 'active>lapsing', 'lapsing>active', 'lapsing>lapsed',
        'lapsed>won_back', 'won_back>active', 'won_back>lapsing'
    ]) as step
)

select customer_id, coalesce(from_stage, '') || '>' || stage as step
from {{ ref('lifecycle_event') }}
where coalesce(from_stage, '') || '>' || stage not in (select step from steps)
union all
select customer_id, 'stages now: ' || count(*) filter (where is_current)
from {{ ref('lifecycle_event') }}
group by customer_id
having count(*) filter (where is_current) != 1
