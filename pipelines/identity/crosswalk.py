"""Lasting customer ids: new clusters against the former crosswalk, with an event for every change.

The rules:
* A customer stays with the cluster that holds its oldest record (first seen, then created at the source, then by key).
  Its own records count before those that a merge brought it (`redirects` tells whose own a record is).
* Where several customers claim one cluster they merge: the oldest id survives (created first, then the lower id), the
  others redirect to it.
* Whoever parts from a customer with the oldest own record of an id that was merged into it gets that id back; of
  several such ids the oldest, which the others then redirect to. Customers of today go before ids of former ones.
* A cluster that nobody claims gets a new id, derived from its oldest record and never used before.
* A customer without records is retired. A record whose row came to carry an account reference counts as that account,
  so a guest who is recognised later is merged and not lost.

Which records belong together is not decided here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.identity import redirects

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

ACTOR = "pipeline"
# Letters and digits of an id: base 32 without those that are read for one another (i, l, o, u).
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# 13 characters of 5 bits: 65 bits, so that a second try for a taken id is hardly ever needed.
ID_LENGTH = 13


@dataclass(frozen=True)
class Changes:
    """How many customers came, went, merged and split."""

    created: int
    merges: int
    splits: int
    retired: int


def update(connection: duckdb.DuckDBPyConnection, *, now: datetime, run_id: str) -> Changes:
    """Bring crosswalk, history, redirects and events to the state of `clustered`; count the changes.

    `clustered` holds all records of every customer that it holds one of; customers with none in it stay as they are.
    Leaves the temporary table `changed_customer`: ids whose records changed hands or came anew.
    """
    moment = now.replace(tzinfo=None)
    _claim(connection)
    _create_ids(connection)
    _build_next_crosswalk(connection, moment)
    _build_events(connection, moment, run_id)
    _write(connection, moment)
    counts = dict(connection.execute("SELECT event_type, count(*) FROM change_event GROUP BY ALL").fetchall())
    return Changes(counts.get("create", 0), counts.get("merge", 0), counts.get("split", 0), counts.get("retire", 0))


def _claim(connection: duckdb.DuckDBPyConnection) -> None:
    """Build `former`, `claim` and `cluster_customer`.

    `former`: the crosswalk so far of every customer concerned; source_record_key is the key that a record has now,
    former_key the one that it had. `claim`: one row per customer, and per id merged into one, that a cluster falls to
    if no other claims it before.
    """
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE former AS
           WITH concerned AS (
             SELECT customer_id FROM identity.customer_crosswalk
             WHERE record_no IN (SELECT record_no FROM clustered UNION ALL SELECT record_no FROM removed))
           SELECT record_no, customer_id, match_method, confidence, valid_from, source_record_key AS former_key,
                  coalesce(superseded.account_key, source_record_key) AS source_record_key,
                  superseded.account_key IS NOT NULL AS is_superseded
           FROM identity.customer_crosswalk LEFT JOIN superseded USING (source_record_key)
           WHERE customer_id IN (FROM concerned)"""
    )
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE aged AS
           SELECT record.source_record_key, cluster_no, row_number() OVER (
                    ORDER BY first_seen_at, source_created_at NULLS LAST, record.source_record_key) AS age_rank
           FROM clustered JOIN concerned_record AS record USING (record_no)"""
    )
    # Whose own its records are matters to a customer that others were merged into, when it parts.
    parting = """SELECT former_key FROM former WHERE customer_id IN (
                   SELECT customer_id FROM former JOIN aged USING (source_record_key)
                   WHERE customer_id IN (SELECT current_customer_id FROM identity.customer_id_redirect)
                   GROUP BY customer_id HAVING min(cluster_no) <> max(cluster_no))"""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE origin AS {redirects.origins(parting)}")
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE claim AS
           WITH placed AS (
             SELECT former_key, customer_id, coalesce(own_id, customer_id) AS own_id, cluster_no,
                    (is_superseded, age_rank) AS age
             FROM former JOIN aged USING (source_record_key)
             LEFT JOIN origin ON origin.source_record_key = former_key),
           oldest AS (
             SELECT customer_id, arg_min(cluster_no, (own_id <> customer_id, age)) AS cluster_no,
                    false AS is_merged_away, NULL AS anchor_key
             FROM placed GROUP BY customer_id
             UNION ALL
             SELECT own_id, arg_min(cluster_no, age), true, arg_min(former_key, age)
             FROM placed JOIN identity.customer_id_redirect
               ON old_customer_id = own_id AND current_customer_id = customer_id
             GROUP BY own_id)
           SELECT oldest.*, row_number() OVER (
                    PARTITION BY cluster_no ORDER BY is_merged_away, created.occurred_at, customer_id) AS seniority
           FROM oldest JOIN (FROM identity.identity_event WHERE event_type = 'create') AS created USING (customer_id)"""
    )
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE cluster_customer AS
           SELECT cluster_no, arg_min(source_record_key, age_rank) AS oldest_key,
                  any_value(claim.customer_id) AS customer_id,
                  any_value(claim.customer_id) IS NULL AS is_new,
                  any_value(claim.is_merged_away) IS TRUE AS is_restored, 0 AS attempt
           FROM aged LEFT JOIN (FROM claim WHERE seniority = 1) AS claim USING (cluster_no) GROUP BY cluster_no"""
    )


def _create_ids(connection: duckdb.DuckDBPyConnection) -> None:
    """Give every unclaimed cluster an id that no customer ever had."""
    digits = f"""list_transform(range({ID_LENGTH}), lambda place:
                 substr('{ALPHABET}', ((md5_number(concat(oldest_key, if(attempt = 0, '', '#' || attempt)))
                        >> (5 * place)::UHUGEINT) & 31)::INT + 1, 1))"""
    while True:
        connection.execute(
            f"UPDATE cluster_customer SET customer_id = 'C' || array_to_string({digits}, '') WHERE customer_id IS NULL"
        )
        # Taken by a customer of the past, or by an older record of this run.
        connection.execute(
            """UPDATE cluster_customer SET customer_id = NULL, attempt = attempt + 1
               WHERE is_new AND (
                 customer_id IN (SELECT customer_id FROM identity.identity_event WHERE event_type = 'create')
                 OR cluster_no IN (SELECT cluster_no FROM cluster_customer WHERE is_new
                                   QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY oldest_key) > 1))"""
        )
        if not connection.execute("SELECT 1 FROM cluster_customer WHERE customer_id IS NULL LIMIT 1").fetchall():
            return


def _build_next_crosswalk(connection: duckdb.DuckDBPyConnection, moment: datetime) -> None:
    """Build `next_crosswalk`, one row per source record in the columns of the crosswalk."""
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE next_crosswalk AS
           WITH decreed AS (
             SELECT DISTINCT unnest([left_key, right_key]) AS source_record_key FROM judgement_in_force
             WHERE decision = 'match')
           SELECT record_no, record.source_record_key, record.source_system, record.entity, record.record_id,
                  chosen.customer_id,
                  CASE WHEN count(*) OVER (PARTITION BY cluster_no) = 1 THEN 'source'
                       WHEN decreed.source_record_key IS NOT NULL THEN 'steward' ELSE 'auto' END AS match_method,
                  clustered.confidence,
                  if(former.customer_id = chosen.customer_id, former.valid_from, $moment) AS valid_from
           FROM concerned_record AS record JOIN clustered USING (record_no)
           JOIN cluster_customer AS chosen USING (cluster_no)
           LEFT JOIN decreed ON decreed.source_record_key = record.source_record_key
           LEFT JOIN former USING (record_no)""",
        {"moment": moment},
    )


def _build_events(connection: duckdb.DuckDBPyConnection, moment: datetime, run_id: str) -> None:
    """Build `move` (records that change hands, with the kind of event that explains it) and `change_event`."""
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE merged AS
           SELECT loser.customer_id AS old_customer_id, survivor.customer_id AS current_customer_id
           FROM claim AS loser JOIN claim AS survivor USING (cluster_no)
           WHERE loser.seniority > 1 AND NOT loser.is_merged_away AND survivor.seniority = 1"""
    )
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE move AS
           SELECT next.source_record_key, former.customer_id AS old_customer_id, next.customer_id, next.match_method,
                  CASE WHEN former.customer_id IS NOT NULL
                        AND merged.current_customer_id = next.customer_id THEN 'merge'
                       WHEN former.customer_id IS NOT NULL AND (is_new OR is_restored) THEN 'split'
                       WHEN is_new THEN 'create' ELSE 'attach' END AS kind
           FROM next_crosswalk AS next LEFT JOIN former USING (record_no)
           LEFT JOIN merged ON merged.old_customer_id = former.customer_id
           JOIN cluster_customer AS given ON given.customer_id = next.customer_id
           WHERE next.customer_id IS DISTINCT FROM former.customer_id"""
    )
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE change_event AS
           WITH change(rank, event_type, customer_id, other_customer_id, source_record_key, reason) AS (
             SELECT 1, 'create', customer_id, NULL, oldest_key, 'first seen with ' || oldest_key
             FROM cluster_customer WHERE is_new
             UNION ALL
             SELECT 2, 'merge', merged.current_customer_id, old_customer_id, NULL,
                    'records of both were found to be one customer; the older id stays' FROM merged
             UNION ALL
             SELECT 3, 'split', old_customer_id, customer_id, NULL,
                    if(is_restored, 'records no longer hold together; their id from before the merge is restored',
                                    'records no longer hold together; the id stays with the oldest')
             FROM (SELECT old_customer_id, customer_id FROM move WHERE kind = 'split'
                   UNION SELECT current_customer_id, old_customer_id FROM identity.customer_id_redirect
                         WHERE old_customer_id IN (SELECT customer_id FROM cluster_customer WHERE is_restored))
             JOIN cluster_customer USING (customer_id)
             UNION ALL
             SELECT 4, 'detach', old_customer_id, customer_id, source_record_key,
                    'record moved to another customer'
             FROM move WHERE kind = 'attach' AND old_customer_id IS NOT NULL
             UNION ALL
             SELECT 4, 'detach', former.customer_id, NULL, former_key,
                    if(is_superseded, 'row came to name its account ' || former.source_record_key,
                                      'record is no longer at its source')
             FROM former JOIN removed ON removed.source_record_key = former_key
             UNION ALL
             SELECT 5, 'attach', customer_id, old_customer_id, source_record_key,
                    if(match_method = 'steward', 'linked by a judgement', 'linked by its evidence')
             FROM move WHERE kind = 'attach'
             UNION ALL
             SELECT DISTINCT 6, 'retire', customer_id, NULL, NULL, 'none of its records is left'
             FROM former WHERE customer_id NOT IN (SELECT customer_id FROM claim))
           SELECT concat($run_id, '/', lpad(CAST(row_number() OVER (
                    ORDER BY rank, customer_id, other_customer_id, source_record_key) AS VARCHAR), 9, '0')) AS event_id,
                  event_type, customer_id, other_customer_id, source_record_key, $actor AS actor, reason,
                  $run_id AS run_id, $moment AS occurred_at
           FROM change""",
        {"run_id": run_id, "actor": ACTOR, "moment": moment},
    )


def _write(connection: duckdb.DuckDBPyConnection, moment: datetime) -> None:
    connection.execute("INSERT INTO identity.identity_event SELECT * FROM change_event")
    redirects.update(connection, moment)
    connection.execute(
        """UPDATE identity.crosswalk_history SET valid_to = $moment
           WHERE valid_to IS NULL AND (source_record_key IN (SELECT source_record_key FROM removed)
              OR source_record_key IN (SELECT source_record_key FROM move WHERE old_customer_id IS NOT NULL))""",
        {"moment": moment},
    )
    connection.execute(
        """INSERT INTO identity.crosswalk_history
           WITH explained AS (
             SELECT *, CASE kind WHEN 'attach' THEN source_record_key WHEN 'create' THEN customer_id
                                 WHEN 'merge' THEN old_customer_id
                                 ELSE old_customer_id || customer_id END AS explained_by
             FROM move),
           explaining AS (
             SELECT event_id, event_type AS kind,
                    CASE event_type WHEN 'attach' THEN source_record_key WHEN 'create' THEN customer_id
                                    WHEN 'merge' THEN other_customer_id
                                    ELSE customer_id || other_customer_id END AS explained_by
             FROM change_event WHERE event_type IN ('attach', 'create', 'merge', 'split'))
           SELECT source_record_key, customer_id, $moment, NULL, event_id
           FROM explained JOIN explaining USING (kind, explained_by)""",
        {"moment": moment},
    )
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE changed_customer AS
           WITH difference AS (
             SELECT next.customer_id, former.customer_id AS old_customer_id
             FROM next_crosswalk AS next FULL JOIN former USING (record_no)
             WHERE (next.customer_id, next.match_method, next.confidence, next.valid_from)
                   IS DISTINCT FROM (former.customer_id, former.match_method, former.confidence, former.valid_from))
           SELECT customer_id FROM difference WHERE customer_id IS NOT NULL
           UNION SELECT old_customer_id FROM difference WHERE old_customer_id IS NOT NULL
           UNION SELECT customer_id FROM next_crosswalk JOIN touched USING (record_no)"""
    )
    connection.execute(
        """DELETE FROM identity.customer_crosswalk WHERE record_no IN (
             SELECT record_no FROM former SEMI JOIN changed_customer USING (customer_id))"""
    )
    connection.execute(
        """INSERT INTO identity.customer_crosswalk
           FROM next_crosswalk WHERE customer_id IN (SELECT customer_id FROM changed_customer)"""
    )
