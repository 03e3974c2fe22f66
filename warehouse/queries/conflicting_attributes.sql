-- question: On what do the sources disagree about customers, and which source won?
-- parameters:
--   attribute: {type: VARCHAR, default: null, meaning: "an attribute such as primary_email; all when none is given"}
-- tables: [identity.attribute_provenance]
-- sources:
--   accounts: accounts
-- example: c360 ask conflicting_attributes --param attribute=primary_email
SELECT
    customer_id, attribute_name, attribute_value, source_system, survivorship_rule, candidate_count, source_updated_at
FROM identity.attribute_provenance
WHERE is_conflict AND ($attribute IS NULL OR attribute_name = $attribute)
ORDER BY candidate_count DESC, attribute_name, customer_id
