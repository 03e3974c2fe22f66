-- question: In what was said and written do these words occur?
-- parameters:
--   words: {type: VARCHAR, default: null, meaning: "words that all occur in the text, in any order and case; every text when none is given"}
--   customer: {type: VARCHAR, default: null, meaning: "any id that the customer ever had; all customers when none is given"}
--   days: {type: INTEGER, default: 365, meaning: days before the snapshot}
-- tables: [main.interaction, ops.snapshot, main.dim_customer, identity.customer_id_redirect]
-- sources:
--   interactions: calls, notes, messages, and letters with the place of their scan
--   tickets: subjects of tickets
-- example: c360 ask texts_with_words --param words="second check"
SELECT
    event.occurred_at, event.customer_id, event.channel, event.direction, event.interaction_type, event.summary,
    event.media_link, event.source_record_key
FROM main.interaction AS event
CROSS JOIN ops.snapshot AS snapshot
WHERE
    event.source_kind IN ('interactions', 'tickets')
    AND event.occurred_at >= snapshot.snapshot_at - to_days($days)
    AND ($customer IS NULL OR event.customer_id = current_customer_id($customer))
    AND (
        $words IS NULL
        OR (
            event.summary IS NOT NULL
            AND len(list_filter(
                string_split_regex(strip_accents(lower($words)), '\s+'),
                lambda word: NOT contains(strip_accents(lower(event.summary)), word)
            )) = 0
        )
    )
ORDER BY event.occurred_at DESC, event.interaction_id
