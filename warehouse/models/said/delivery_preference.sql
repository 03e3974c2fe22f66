-- Until when each wish was in force: its word is ended by what the customer says of the same later on.
with wishes as (
    select
        statement_id,
        customer_id,
        if(subject_type = 'order', subject_id, null) as order_id,
        replace(about, 'delivery_', '') as aspect,
        not starts_with(value, 'not ') as is_wanted,
        regexp_replace(value, '^not ', '') as wish,
        stated_at,
        recorded_at,
        -- What is written, as in a mail, is known when it is said.
        greatest(stated_at, written_at) as known_at,
        basis,
        rule_id,
        confidence,
        evidence
    from {{ ref('utterance') }}
    where customer_id is not null and starts_with(about, 'delivery_')
),

-- Of a place to leave parcels at, or a carrier, the last one named counts, and with it those named in the same breath.
-- What is not wanted is added up, and each taken back by itself.
followed as (
    select
        *,
        least(
            min({'known_at': known_at, 'statement_id': statement_id}) filter (where is_wanted) over (
                partition by customer_id, order_id, aspect
                order by stated_at range between interval 1 microsecond following and unbounded following
            ),
            min({'known_at': known_at, 'statement_id': statement_id}) over (
                partition by customer_id, order_id, aspect, wish
                order by stated_at range between interval 1 microsecond following and unbounded following
            )
        ) as next_word
    from wishes
)

select
    * exclude (next_word),
    next_word.known_at as ended_at,
    next_word.statement_id as superseded_by_statement_id,
    next_word is null as is_in_force
from followed
-- By customer, so that a reader of one customer reads one part of the table.
order by customer_id
