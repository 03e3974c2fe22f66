-- Empty here: the macros of the brief fill it once they are there (warehouse/brief_lines.py), so that a line is worded in
-- one place, whether it was made in advance or is asked for as of a past moment.
select
    null::varchar as customer_id,
    null::varchar as section,
    null::bigint as place,
    null::timestamp as happened_at,
    null::varchar as what,
    null::varchar as detail,
    null::varchar as source_system,
    null::timestamp as recorded_at
where false
