"""How well the records of each customer hold together: the measure behind `identity_confidence`.

`weakest_edge` is the probability of the weakest pair in the strongest tree of pairs that holds the cluster together. It
is null for a customer with one record, since nothing was matched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.hashing import hash_sql

if TYPE_CHECKING:
    import duckdb

# More records than a person leaves in a company's systems: perhaps a shared mailbox that slipped through.
LARGE_CLUSTER = 200
# Below it a customer hangs together by a pair that is wrong more often than one time in ten.
WEAK_LINK = 0.9


def update(connection: duckdb.DuckDBPyConnection) -> None:
    """Bring cluster_quality and named_mailbox up to date; add customers whose figures changed to `changed_customer`."""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE next_quality AS
            WITH weakest AS (
              SELECT customer_id, min(probability) AS weakest_edge
              FROM weakest_link JOIN cluster_customer USING (cluster_no) GROUP BY customer_id),
            counted AS (
              SELECT customer_id, count(*) AS record_count, count(DISTINCT record.source_system) AS source_count,
                     bool_or(party_std = 'organisation') IS NOT TRUE AS is_person,
                     count(DISTINCT given_key) AS given_name_count,
                     count(DISTINCT given_key) FILTER (length(given_key) > 1) AS full_given_name_count,
                     count(DISTINCT family_std) AS surname_count, count(DISTINCT date_of_birth_std) AS birth_date_count,
                     count(DISTINCT address_std) AS address_count, avg(confidence) AS mean_confidence
              FROM next_crosswalk JOIN concerned_record AS record USING (record_no) GROUP BY customer_id)
            SELECT counted.*, weakest_edge, CASE WHEN birth_date_count > 1 THEN 'several_birth_dates'
                           WHEN record_count > {LARGE_CLUSTER} THEN 'large'
                           WHEN weakest_edge < {WEAK_LINK} THEN 'weak_link'
                           WHEN given_name_count > 1 THEN 'several_given_names' END AS flag
            FROM counted LEFT JOIN weakest USING (customer_id)"""
    )
    connection.execute(
        """INSERT INTO changed_customer
           SELECT customer_id FROM (
             FROM next_quality EXCEPT FROM identity.cluster_quality SEMI JOIN next_quality USING (customer_id))
           EXCEPT FROM changed_customer"""
    )
    connection.execute(
        "DELETE FROM identity.cluster_quality WHERE customer_id IN (SELECT customer_id FROM changed_customer)"
    )
    connection.execute(
        """INSERT INTO identity.cluster_quality
           FROM next_quality WHERE customer_id IN (SELECT customer_id FROM changed_customer)"""
    )
    _note_mailboxes(connection)


def _note_mailboxes(connection: duckdb.DuckDBPyConnection) -> None:
    # Two of a million texts share a number of 64 bits in one of 40 million tables.
    connection.execute(
        """DELETE FROM identity.named_mailbox WHERE customer_no IN (SELECT hash(customer_id) FROM changed_customer)"""
    )
    connection.execute(
        f"""INSERT INTO identity.named_mailbox
           SELECT DISTINCT hash(customer_id), {hash_sql(["email_std", "coalesce(organisation_std, name_std)"])}
           FROM next_crosswalk SEMI JOIN changed_customer USING (customer_id)
           JOIN concerned_record USING (record_no)
           WHERE email_std IS NOT NULL
             AND (organisation_std IS NOT NULL OR given_std IS NOT NULL AND family_std IS NOT NULL)"""
    )
