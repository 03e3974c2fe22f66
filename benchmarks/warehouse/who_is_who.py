"""Who is who in a made company: a record for each account, form and message that names none, and what follows of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def tell_who_is_who(connection: duckdb.DuckDBPyConnection, at: datetime) -> None:
    """Fill schema `identity` from what is staged, as of a moment (UTC); every second customer shares a household.

    The connection has the macro ``customer_id`` of business.py.
    """
    connection.execute(
        """CREATE TEMP TABLE record AS
           SELECT row_number() OVER () AS record_no, *,
             _source_system || '/' || entity || '/' || _key AS source_record_key
           FROM (SELECT 'accounts' AS entity, _source_system, _key, CAST(account_id AS BIGINT) AS customer, email,
                        phone,
                        street, postal_code, full_name, party_type FROM staging.accounts
                 UNION ALL BY NAME
                 SELECT 'web_registrations' AS entity, _source_system, _key,
                        CAST(regexp_extract(email, '[0-9]+') AS BIGINT) AS customer, email
                        FROM staging.web_registrations
                 UNION ALL BY NAME
                 SELECT 'campaign_responses' AS entity, _source_system, _key,
                        CAST(regexp_extract(email, '[0-9]+') AS BIGINT) AS customer, email
                        FROM staging.campaign_responses
                 WHERE account_id IS NULL)"""
    )
    now = [at]
    connection.execute(
        """INSERT INTO identity.source_records BY NAME
           SELECT record_no, source_record_key, _source_system AS source_system, entity, _key AS record_id, party_type,
             full_name, email, phone, street, postal_code, email AS email_std, phone AS phone_std,
             lower(street) || ' ' || postal_code AS address_std, postal_code AS postal_code_std,
             if(party_type = 'organisation', lower(full_name), NULL) AS organisation_std,
             false AS is_stub, false AS is_deleted, hash(source_record_key) AS record_hash, $1 AS source_updated_at,
             $1 AS first_seen_at FROM record""",
        now,
    )
    connection.execute(
        """INSERT INTO identity.customer_crosswalk BY NAME
           SELECT record_no, source_record_key, _source_system AS source_system, entity, _key AS record_id,
             customer_id(customer) AS customer_id, 'auto' AS match_method, 0.98 AS confidence, $1 AS valid_from
             FROM record""",
        now,
    )
    connection.execute(
        """INSERT INTO identity.crosswalk_history BY NAME
           SELECT source_record_key, customer_id, valid_from, 'first' AS change_event_id
           FROM identity.customer_crosswalk"""
    )
    connection.execute(
        """INSERT INTO identity.golden_customers BY NAME
           SELECT customer_id(customer) AS customer_id, party_type, full_name AS display_name, full_name,
             if(party_type = 'organisation', full_name, NULL) AS organisation_name, email AS primary_email,
             phone AS primary_phone_e164, street, postal_code, 'DE' AS country, record_count, source_count,
             0.98 AS identity_confidence, false AS is_deleted, $1 AS first_seen_at, $1 AS last_changed_at
           FROM record JOIN (SELECT customer, count(*) AS record_count, count(DISTINCT _source_system) AS source_count
                             FROM record GROUP BY customer) USING (customer)
           WHERE entity = 'accounts'""",
        now,
    )
    connection.execute(
        """INSERT INTO identity.attribute_provenance BY NAME
           SELECT customer_id, unnest(['party_type', 'display_name', 'primary_email', 'primary_phone_e164', 'street'])
             AS attribute_name, unnest([party_type, display_name, primary_email, primary_phone_e164, street])
             AS attribute_value, 'shop' AS source_system,
             'shop/accounts/' || CAST(substr(customer_id, 2) AS BIGINT) AS source_record_key,
             'only_value' AS survivorship_rule, 1 AS candidate_count, false AS is_conflict, $1 AS source_updated_at
           FROM identity.golden_customers""",
        now,
    )
    connection.execute(
        """INSERT INTO identity.customer_household BY NAME
           SELECT customer_id, 'H' || n // 2 AS household_id
           FROM (SELECT customer_id, CAST(substr(customer_id, 2) AS BIGINT) AS n FROM identity.golden_customers)
           WHERE n % 4 < 2"""
    )
    connection.execute(
        """INSERT INTO identity.identity_event BY NAME
           SELECT 'e' || customer_id AS event_id, 'create' AS event_type, customer_id, 'system' AS actor,
             'new' AS reason, 'first' AS run_id, $1 AS occurred_at FROM identity.golden_customers""",
        now,
    )
