-- question: What was each record's customer called on a day, and what is it called now?
-- parameters:
--   moment: {type: TIMESTAMP, default: "2026-07-01", meaning: "the moment (UTC); a day is its beginning"}
-- tables: [identity.crosswalk_history, identity.customer_crosswalk]
-- sources:
--   accounts: accounts
-- example: c360 ask id_then --param moment=2026-03-01
SELECT held.source_record_key, held.customer_id AS customer_id_then, now.customer_id AS customer_id_now, held.valid_from
FROM crosswalk_as_of($moment) AS held
LEFT JOIN identity.customer_crosswalk AS now USING (source_record_key)
ORDER BY held.source_record_key
