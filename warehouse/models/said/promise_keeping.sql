-- By the month in which a word fell due, as that is when it is kept or not; what is open is not judged.
select
    coalesce(owner_team, 'unowned') || '/' || strftime(due_at, '%Y-%m') as promise_keeping_key,
    coalesce(owner_team, 'unowned') as team,
    date_trunc('month', due_at)::date as month,
    count(*) as promise_count,
    count(*) filter (where status = 'open') as open_count,
    count(*) filter (where status = 'kept') as kept_count,
    count(*) filter (where status = 'kept_late') as kept_late_count,
    count(*) filter (where status = 'broken') as broken_count,
    (kept_count / nullif(kept_count + kept_late_count + broken_count, 0))::double as kept_share,
    median(epoch(closed_at - opened_at) / 3600) filter (where status in ('kept', 'kept_late')) as median_hours_to_keep,
    median(epoch(closed_at - due_at) / 3600) filter (where status = 'kept_late') as median_hours_late
from {{ ref('follow_up') }}
where kind = 'promise' and due_at is not null
group by all
