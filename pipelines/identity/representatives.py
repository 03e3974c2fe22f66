"""The one person who writes for an organisation belongs to its customer; several people are customers of their own.

A company's account and its employee's helpdesk login are two parties but one customer: who sells to the company has to
see the ticket. Both name the organisation, and the person writes from its domain, which is none of a mail provider.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.identity.vocabulary import load

if TYPE_CHECKING:
    import duckdb


def acting(records: str) -> str:
    """SQL: rows of identity.comparable, or a table like it, that act for an organisation, with their `domain`."""
    return f"""SELECT *, split_part(email, '@', 2) AS domain FROM {records}
               WHERE organisation IS NOT NULL AND email IS NOT NULL"""


def join_representatives(connection: duckdb.DuckDBPyConnection) -> None:
    """Join such clusters in `clustered` (cluster_no, chain) and `weakest_link`, unless judged apart."""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE representative AS
            WITH party AS (
              SELECT cluster_no, organisation, domain, given IS NULL AND family IS NULL AS is_firm
              FROM clustered JOIN ({acting("identity.comparable")}) USING (record_no)
              WHERE NOT list_contains($providers, domain)),
            met AS (
              SELECT any_value(cluster_no) FILTER (is_firm) AS firm_no,
                     any_value(cluster_no) FILTER (NOT is_firm) AS person_no
              FROM party GROUP BY organisation, domain
              HAVING count(DISTINCT cluster_no) FILTER (is_firm) = 1
                 AND count(DISTINCT cluster_no) FILTER (NOT is_firm) = 1)
            SELECT firm_no, person_no, min(firm.chain) AS chain
            FROM (SELECT DISTINCT firm_no, person_no FROM met WHERE firm_no <> person_no
                  QUALIFY count(*) OVER (PARTITION BY firm_no) = 1 AND count(*) OVER (PARTITION BY person_no) = 1)
            JOIN clustered AS firm ON firm.cluster_no = firm_no
            WHERE NOT EXISTS (
              SELECT 1 FROM judgement_in_force
              JOIN clustered AS one ON one.source_record_key = left_key
              JOIN clustered AS other ON other.source_record_key = right_key
              WHERE decision = 'no_match' AND one.cluster_no IN (firm_no, person_no)
                AND other.cluster_no IN (firm_no, person_no))
            GROUP BY ALL""",
        {"providers": sorted(load().freemail_domains)},
    )
    connection.execute(
        """UPDATE clustered SET chain = joined.chain
           FROM (SELECT DISTINCT clustered.chain AS former, representative.chain
                 FROM representative JOIN clustered ON cluster_no = person_no) AS joined
           WHERE clustered.chain = joined.former"""
    )
    connection.execute("""UPDATE clustered SET cluster_no = firm_no FROM representative WHERE cluster_no = person_no""")
    connection.execute(
        "UPDATE weakest_link SET cluster_no = firm_no FROM representative WHERE weakest_link.cluster_no = person_no"
    )
