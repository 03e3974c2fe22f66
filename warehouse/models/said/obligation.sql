{{ config(contract={'enforced': false}, meta={'scratch': true}) }}
-- Promises of the company and instructions of customers, and what ended each. Scratch: follow_up judges them for readers.
-- Only what can be seen to have happened ends one; a ticket set to solved is no evidence that somebody called.
with heard as (
    select * from {{ ref('utterance') }} where effect is not null
),

-- Who wants advertising again on all channels takes back every channel.
withdrawn as (
    select
        * exclude (matter),
        unnest(
            if(
                action = 'stop_contact' and subject_id = 'all',
                list_transform(
                    ['all', 'email', 'phone', 'post', 'sms', 'fax', 'social'],
                    lambda channel: customer_id || '|channel/' || channel
                ),
                [matter]
            )
        ) as matter
    from heard
    where effect = 'withdraw' and customer_id is not null
),

-- One of a moment: of several a join by time takes any.
withdrawals as (
    select *
    from withdrawn
    qualify row_number() over (partition by matter, action, stated_at order by statement_id) = 1
),

-- An instruction repeated before the customer takes it back is the same one; a promise made anew is another promise.
instructions as (
    select opened.*, taken_back.statement_id as chain
    from heard as opened
    asof left join withdrawals as taken_back
        on
            taken_back.matter = opened.matter and taken_back.action = opened.action
            and taken_back.stated_at <= opened.stated_at
    where opened.effect = 'open' and opened.statement_type = 'instruction' and opened.matter is not null
),

opened as (
    select
        *,
        coalesce(
            list(statement_id) over (
                partition by matter, action, chain order by stated_at, statement_id
                rows between 1 following and unbounded following
            ),
            []
        ) as repeated_by_statement_ids
    from instructions
    qualify row_number() over (partition by matter, action, chain order by stated_at, statement_id) = 1
    union all by name
    select *, []::varchar[] as repeated_by_statement_ids
    from heard
    where effect = 'open' and (statement_type = 'promise' or matter is null)
),

customers as (
    select distinct customer_id from opened where customer_id is not null
),

-- A contact concerns the matter it names and the customer as a whole; one that names none may concern any matter.
our_contacts as (
    select
        *,
        customer_id || '|' as person,
        {{ matter('customer_id', 'subject_type', 'subject_id') }} as matter,
        if(subject_type is null, customer_id || '|any', null) as any_matter
    from {{ ref('interaction') }}
    semi join customers using (customer_id)
    where source_kind = 'interactions' and direction in ('outbound', 'internal')
),

-- What keeps each kind of word: what it concerns, and when it happened.
evidence as (
    select
        if(channel = 'phone', 'call_back', 'visit') as action,
        unnest([person, matter, any_matter]) as concerns,
        occurred_at,
        interaction_id,
        if(channel = 'phone', 'call to the customer', 'visit to the customer') as evidence
    from our_contacts
    where direction = 'outbound' and channel in ('phone', 'in_person')
    union all
    select unnest(['reply', 'reply', 'other', 'other']), unnest([person, matter, person, matter]), occurred_at,
        interaction_id, 'answer to the customer'
    from our_contacts
    where direction = 'outbound' and is_public is not false
    union all
    select 'pass_on', unnest([person, matter]), occurred_at, interaction_id, 'taken up by us'
    from our_contacts
    union all
    select 'send', person, occurred_at, interaction_id, 'letter to the customer'
    from our_contacts
    where direction = 'outbound' and channel = 'post'
    union all
    select
        if(interaction_type = 'parcel_shipped', 'send', 'refund'), customer_id || '|', occurred_at, interaction_id,
        if(interaction_type = 'parcel_shipped', 'parcel shipped', 'money paid back')
    from {{ ref('interaction') }}
    semi join customers using (customer_id)
    where interaction_type in ('parcel_shipped', 'payment_refunded')
    union all
    -- When an order was cancelled is not told; at the latest it was when the order last changed.
    select 'cancel_order', {{ matter('customer_id', "'order'", 'order_id') }}, coalesce(source_updated_at, loaded_at),
        'order_placed:' || order_key, 'order cancelled'
    from {{ ref('fct_order') }}
    semi join customers using (customer_id)
    where is_cancelled
    union all
    select action, matter, stated_at, interaction_id, statement_text
    from heard
    where effect = 'done' and matter is not null
),

-- Goods and money are looked for with the customer, as they carry numbers of their own.
awaiting as (
    select
        *,
        unnest(case
            when action in ('send', 'refund') then [customer_id || '|']
            when action in ('call_back', 'visit') and subject_id is not null then [matter, customer_id || '|any']
            else [matter]
        end) as concerns
    from opened
),

kept as (
    select
        awaiting.statement_id,
        min(evidence.occurred_at) as occurred_at,
        arg_min(evidence.first_one, row(evidence.occurred_at, evidence.first_one)) as first_one
    from awaiting
    asof inner join (
        select evidence.action, evidence.concerns, evidence.occurred_at,
            min({'interaction_id': evidence.interaction_id, 'evidence': evidence.evidence}) as first_one
        from evidence
        -- To promise the same again is not to keep it.
        anti join opened as anew on anew.interaction_id = evidence.interaction_id and anew.action = evidence.action
        group by all
    ) as evidence
        on
            evidence.action = awaiting.action and evidence.concerns = awaiting.concerns
            and evidence.occurred_at > awaiting.stated_at
    group by awaiting.statement_id
)

select
    opened.*,
    kept.occurred_at is not null and coalesce(kept.occurred_at < taken_back.stated_at, true) as is_kept,
    taken_back.stated_at is not null and not is_kept as is_withdrawn,
    least(kept.occurred_at, taken_back.stated_at) as closed_at,
    if(is_kept, kept.first_one.interaction_id, taken_back.interaction_id) as closed_by_interaction_id,
    if(is_kept, kept.first_one.evidence, taken_back.statement_text) as closing_evidence,
    if(is_withdrawn, taken_back.statement_id, null) as withdrawn_by_statement_id
from opened
left join kept using (statement_id)
asof left join withdrawals as taken_back
    on
        taken_back.action = opened.action and taken_back.matter = opened.matter
        and taken_back.stated_at > opened.stated_at
