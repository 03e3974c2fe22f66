{{ config(materialized='view') }}
-- Ages are taken from the reader's clock, so every row goes stale by itself when refreshing stops.

with aged as (
    select
        *,
        now() at time zone 'UTC' as read_at,
        coalesce(verified_at, as_of) as known_at
    from {{ ref('feed_mark') }}
),

measured as (
    select
        *,
        {{ age_seconds('as_of', 'read_at') }} as data_age_seconds,
        {{ age_seconds('verified_at', 'read_at') }} as verified_age_seconds,
        {{ age_seconds('known_at', 'read_at') }} as known_age_seconds,
        greatest(as_of, verified_at, last_attempt_at) as last_read_at,
        date_diff('second', read_at, last_read_at) > {{ clock_tolerance_seconds() }} as is_clock_before
    from aged
)

select
    feed,
    source_system,
    entity,
    owner,
    description,
    status as published_status,
    case
        when status not in ('FRESH', 'IDLE', 'LATE') then status
        when is_clock_before or known_age_seconds is null or promise_seconds is null then 'UNKNOWN'
        when known_age_seconds > promise_seconds + coalesce(grace_seconds, 0) then 'STALE'
        when known_age_seconds > promise_seconds then 'LATE'
        else status
    end as status_now,
    case
        when is_clock_before
            then
                'the clock of who reads this stands before ' || strftime(last_read_at, '%Y-%m-%d %H:%M')
                || ' UTC, when the feed was last read; set it right'
        else status_reason
    end as status_reason,
    as_of,
    data_age_seconds,
    verified_at,
    verified_age_seconds,
    promise_seconds,
    grace_seconds,
    schedule,
    next_due_at,
    last_attempt_at,
    last_error,
    last_batch_id,
    last_loaded_at,
    held_rows,
    rows_staged,
    is_complete,
    contract_version
from measured
