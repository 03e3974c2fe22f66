-- Whether each word was kept, as far as the feeds that would show it have been read.
{% set actions = var('follow_up_actions') %}
with actions as (
    {% for action, rule in actions.items() -%}
    select '{{ action }}' as action, {{ rule.due_days if rule.due_days is not none else 'null' }}::integer as due_days,
        {{ rule.seen_in }} as seen_in
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

due_phrases as (
    select *, '% ' || {{ spoken_words('pattern') }} || ' %' as heard_as
    from {{ rules_file('due_phrases', {
        'language': 'VARCHAR', 'pattern': 'VARCHAR', 'days_ahead': 'INTEGER', 'weeks_ahead': 'INTEGER', 'weekday': 'INTEGER',
    }) }}
),

-- Different texts are read once.
dated as (
    select distinct
        statement_text, isodow(stated_at) as weekday, ' ' || {{ spoken_words('statement_text') }} || ' ' as words
    from {{ ref('obligation') }}
),

-- Of 'by the end of next week' the longest phrase counts. A day named ends at midnight, a week on Sunday at midnight.
due_as_said as (
    select
        dated.statement_text,
        dated.weekday,
        arg_max(due_phrases.pattern, row(length(due_phrases.pattern), due_phrases.pattern)) as due_phrase,
        arg_max(
            case
                when due_phrases.days_ahead is not null then due_phrases.days_ahead + 1
                when due_phrases.weeks_ahead is not null then 8 - dated.weekday + 7 * due_phrases.weeks_ahead
                else (due_phrases.weekday - dated.weekday + 6) % 7 + 2
            end,
            row(length(due_phrases.pattern), due_phrases.pattern)
        )::integer as days_until_due
    from dated
    inner join due_phrases on dated.words like due_phrases.heard_as
    group by dated.statement_text, dated.weekday
),

-- Nothing is known about what would keep a word after the moment the slowest of its feeds was last read.
known_until as (
    select
        actions.action,
        min(coalesce(mark.verified_at, mark.as_of)) as read_until
    from (select action, unnest(seen_in) as entity from actions) as actions
    left join {{ ref('feed_mark') }} as mark on mark.entity = actions.entity
    group by actions.action
),

due as (
    select
        obligation.*,
        case
            when obligation.asked_for_at is not null then obligation.asked_for_at
            when due_as_said.due_phrase is not null
                then date_trunc('day', obligation.stated_at) + to_days(due_as_said.days_until_due)
            else obligation.stated_at + to_days(actions.due_days)
        end as due_at,
        case
            when obligation.asked_for_at is not null then 'stated'
            when due_as_said.due_phrase is not null then 'phrase'
            when actions.due_days is not null then 'default'
            else 'standing'
        end as due_basis,
        due_as_said.due_phrase,
        least(snapshot.snapshot_at, coalesce(known_until.read_until, snapshot.snapshot_at)) as known_at
    from {{ ref('obligation') }} as obligation
    cross join {{ ref('snapshot') }} as snapshot
    left join actions using (action)
    -- A standing instruction is never due, whatever day its words name.
    left join due_as_said
        on
            due_as_said.statement_text = obligation.statement_text and due_as_said.weekday = isodow(obligation.stated_at)
            and actions.due_days is not null
    left join known_until using (action)
),

-- A customer who asks again after the day is the first evidence that the word was not kept.
asked_again as (
    select due.statement_id, min(event.occurred_at) as asked_at, arg_min(event.interaction_id, event.occurred_at) as interaction_id
    from due
    inner join {{ ref('interaction') }} as event
        on
            event.customer_id = due.customer_id and event.source_kind = 'interactions' and event.direction = 'inbound'
            and event.occurred_at > due.due_at and event.subject_id is not distinct from due.subject_id
            and event.subject_type is not distinct from due.subject_type
    where due.closed_at is null and due.statement_type = 'promise' and due.subject_id is not null
    group by due.statement_id
),

teams as (
    select employee_id, any_value(team) as team
    from {{ ref('dim_employee') }}
    group by employee_id
    having count(distinct team) = 1
),

acted_against as (
    select statement_id, arg_min(action_interaction_id, happened_at) as interaction_id, count(*) as contradiction_count
    from {{ ref('contradiction') }}
    group by statement_id
)

select
    due.statement_id as opened_by_statement_id,
    due.customer_id,
    due.statement_type as kind,
    due.action,
    due.subject_type,
    due.subject_id,
    coalesce(due.employee_id, due.assignee_employee_id) as owner_employee_id,
    case
        when due.employee_id is not null then 'took_it'
        when due.assignee_employee_id is not null then 'assignee'
        else 'unowned'
    end as owner_basis,
    teams.team as owner_team,
    due.statement_text,
    due.stated_at as opened_at,
    due.recorded_at,
    len(due.repeated_by_statement_ids) as reminder_count,
    due.due_at,
    due.due_basis,
    due.due_phrase,
    due.known_at,
    case
        when due.is_withdrawn then 'withdrawn'
        when due.is_kept and due.closed_at > due.due_at then 'kept_late'
        when due.is_kept then 'kept'
        when due.statement_type = 'promise' and due.known_at > due.due_at
            and (asked_again.asked_at is not null or due.known_at > due.due_at + to_days({{ var('broken_after_days') }}))
            then 'broken'
        else 'open'
    end as status,
    due.closed_at,
    due.closed_by_interaction_id,
    due.closing_evidence,
    case
        when due.closed_at is not null or due.due_at is null or snapshot.snapshot_at <= due.due_at then false
        when due.known_at > due.due_at then true
    end as is_overdue,
    case
        when acted_against.interaction_id is not null then 'acted against: ' || acted_against.interaction_id
        when due.closed_at is not null then null
        when asked_again.interaction_id is not null then 'asked again: ' || asked_again.interaction_id
        when status = 'broken' then 'nothing seen for {{ var("broken_after_days") }} days after it was due'
    end as breach_evidence
from due
cross join {{ ref('snapshot') }} as snapshot
left join teams on teams.employee_id = coalesce(due.employee_id, due.assignee_employee_id)
left join asked_again using (statement_id)
left join acted_against using (statement_id)
-- By customer, so that a reader of one customer reads one part of the file.
order by due.customer_id
