{{ config(contract={'enforced': false}, meta={'scratch': true}) }}
-- What rules hear in contacts, before anybody asks what became of it. Scratch: statement holds it for readers.
-- Different sentences are read once, and only by rules whose longest word they hold: millions of contacts say little new.
with contacts as (
    select
        contact.interaction_id,
        contact.customer_id,
        contact.channel,
        contact.direction,
        contact.interaction_type,
        coalesce(contact.topic, its_ticket.topic) as topic,
        contact.subject_type,
        contact.subject_id,
        contact.employee_id,
        its_ticket.assignee_employee_id,
        contact.summary,
        contact.occurred_at as stated_at,
        contact.recorded_at,
        -- Where a source does not tell when a contact was written down, recorded_at is when its row arrived here.
        nullif(contact.recorded_at, contact.loaded_at) as written_at,
        contact.source_system,
        contact.source_record_key
    from {{ ref('interaction') }} as contact
    left join {{ ref('fct_ticket') }} as its_ticket
        on contact.subject_type = 'ticket'
        and its_ticket.ticket_key = contact.source_system || '/' || {{ escaped('contact.subject_id') }}
    -- Internal notes are said among ourselves, neither to the customer nor by the customer.
    where
        contact.source_kind = 'interactions'
        and contact.direction is distinct from 'internal' and contact.is_public is not false
    union all
    select
        'order_placed:' || order_key, customer_id, sales_channel, 'inbound', 'order_placed', null, 'order', order_id,
        sales_employee_id, null, delivery_instructions, ordered_at, loaded_at, null, source_system,
        source_system || '/orders/' || {{ record_id_of('order_key') }}
    from {{ ref('fct_order') }}
    where delivery_instructions is not null
),

-- What a name in a pattern stands for: words of the file, and the carriers whose parcels there are.
named_words as (
    select '@' || name as name, word, value
    from {{ rules_file('named_words', {'name': 'VARCHAR', 'language': 'VARCHAR', 'word': 'VARCHAR', 'value': 'VARCHAR'}) }}
    union all
    select distinct '@carrier', carrier, {{ spoken_words('carrier') }}
    from {{ source('staging', 'shipments') }}
    where carrier is not null
),

patterns as (
    select *, regexp_extract(pattern, '@\w+') as name
    from (select * replace (unnest(string_split(pattern, '|')) as pattern) from {{ ref('statement_rule') }})
),

rule_patterns as (
    select * exclude (pattern, name), pattern as alternative, {{ spoken_words('pattern') }} as words
    from patterns
    where name = ''
    union all by name
    select
        patterns.* exclude (pattern, name, value),
        replace(patterns.pattern, patterns.name, named_words.word) as alternative,
        regexp_replace(patterns.value, '@\w+', named_words.value) as value,
        {{ spoken_words('alternative') }} as words
    from patterns
    inner join named_words on named_words.name = patterns.name
),

phrases as (
    select
        *,
        '% ' || replace(words, ' * ', ' % ') || ' %' as heard_as,
        list_reduce(string_split(words, ' '), lambda best, word: if(length(word) > length(best), word, best)) as longest_word
    from rule_patterns
    where reads = 'words'
),

sentences as (
    select text, unnest(regexp_split_to_array(replace(text, '?', '?' || chr(10)), '[.!;:]+(\s|$)|\n+')) as sentence
    from (select distinct summary as text from contacts where summary is not null)
),

spoken as (
    select sentence, ' ' || {{ spoken_words('sentence') }} || ' ' as words
    from (select distinct sentence from sentences)
),

words_of_sentences as (
    select sentence, words, unnest(list_distinct(string_split(trim(words), ' '))) as word
    from spoken
),

heard_in_sentences as materialized (
    select said.sentence, phrases.rule_id, phrases.about, phrases.value, min(phrases.alternative) as evidence
    from words_of_sentences as said
    inner join phrases on phrases.longest_word = said.word and said.words like phrases.heard_as
    -- Who asks whether something is so has not said it.
    where phrases.about is null or not contains(said.words, ' ? ')
    group by all
),

-- 'Do not send it to my office' has the words of 'send it to my office'.
hits_in_sentences as (
    select *
    from heard_in_sentences
    anti join heard_in_sentences as denied
        on
            denied.sentence = heard_in_sentences.sentence and denied.about = heard_in_sentences.about
            and denied.value = 'not ' || heard_in_sentences.value
),

hits_in_words as (
    select
        contacts.*,
        rule.rule_id,
        hit.value,
        'phrase' as basis,
        trim(hit.sentence) as statement_text,
        trim(hit.evidence) as evidence,
        null::timestamp as asked_for_at
    from hits_in_sentences as hit
    inner join sentences on sentences.sentence = hit.sentence
    inner join contacts on contacts.summary = sentences.text
    inner join {{ ref('statement_rule') }} as rule
        on rule.rule_id = hit.rule_id and (rule.direction = 'any' or rule.direction = contacts.direction)
),

-- Each field that says by itself what was said: its words and the rules that read it.
fields as (
    select *, 'topic' as reads, topic as field_value, null::timestamp as asked_for_at
    from contacts
    where topic is not null and source_record_key like '%/interactions/%'
    union all
    select contacts.*, 'tag', unnest(regexp_split_to_array(staged.tags, '[\[\]",;|]+')), staged.follow_up_at
    from contacts
    inner join {{ source('staging', 'interactions') }} as staged
        on contacts.source_record_key = staged._source_system || '/interactions/' || staged._key
    where staged.tags is not null
    union all
    select
        interaction_id, customer_id, channel, direction, interaction_type, topic, 'channel', channel, employee_id, null, summary,
        occurred_at, recorded_at, null, source_system, source_record_key, 'event', interaction_type, null
    from {{ ref('interaction') }}
    where source_kind = 'campaign_responses' and interaction_type in ('campaign_unsubscribe', 'campaign_complaint')
),

hits_in_fields as (
    select
        fields.* exclude (reads, field_value, asked_for_at),
        rule.rule_id,
        rule.value,
        'field' as basis,
        fields.summary as statement_text,
        fields.reads || ' ' || trim(fields.field_value) as evidence,
        fields.asked_for_at
    from fields
    inner join rule_patterns as rule
        on rule.reads = fields.reads and rule.words = {{ spoken_words('fields.field_value') }}
        and (rule.direction = 'any' or rule.direction = fields.direction)
),

hits as (
    select * from hits_in_fields
    union all
    select * from hits_in_words
),

-- Whoever wants no advertising speaks of a channel: the one left, or all of them.
told as (
    select
        hits.* exclude (topic, subject_type, subject_id),
        rule.speaker,
        rule.statement_type,
        rule.action,
        rule.effect,
        rule.about,
        rule.confidence,
        coalesce(rule.topic, lower(replace(hits.topic, '_', ' '))) as topic,
        if(rule.action = 'stop_contact', 'channel', hits.subject_type) as subject_type,
        if(rule.action = 'stop_contact' and hits.basis = 'phrase', 'all', hits.subject_id) as subject_id,
        -- Two rules that hear the same in one contact make one statement.
        rule.speaker || '/' || rule.statement_type || coalesce(
            '/' || rule.action,
            '/' || nullif(concat_ws(' ', rule.about, hits.value), ''),
            case when rule.statement_type in ('fact', 'preference') then '/' || rule.topic end,
            ''
        ) as kind
    from hits
    inner join {{ ref('statement_rule') }} as rule on rule.rule_id = hits.rule_id
)

select
    interaction_id || '#' || kind || coalesce('/' || subject_type || '/' || subject_id, '') as statement_id,
    {{ matter('customer_id', 'subject_type', 'subject_id') }} as matter,
    *
from told
qualify
    row_number() over (
        partition by interaction_id, kind, subject_type, subject_id
        order by basis = 'phrase', confidence desc, rule_id, statement_text
    ) = 1
