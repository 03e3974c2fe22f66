"""Ids that were merged away: which records are their own, where they lead, and which of them are given back.

A record is an id's own from the day that it comes new to it, or that the id is made for it. It stays so wherever merges
carry it, and wherever it goes from there; it becomes another id's own when it leaves the one that it is named by. So a
merge can be undone though others came before and after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb


def origins(records: str) -> str:
    """SQL: whose own each record is (source_record_key, own_id); `records` is SQL for source record keys."""
    return f"""
        WITH held AS MATERIALIZED (SELECT * FROM identity.crosswalk_history WHERE source_record_key IN ({records})),
        founded AS (SELECT customer_id, run_id FROM identity.identity_event
                    WHERE event_type = 'create' AND customer_id IN (SELECT customer_id FROM held)),
        told AS (SELECT event_id, event_type, other_customer_id, run_id FROM identity.identity_event
                 WHERE event_id IN (SELECT change_event_id FROM held)),
        life AS (
          SELECT held.source_record_key,
                 list({{'customer_id': held.customer_id, 'own_id': held.customer_id,
                       'is_given': founded.run_id = told.run_id
                                   OR (event_type = 'attach' AND other_customer_id IS NULL),
                       'is_merge': event_type = 'merge'}}
                      ORDER BY valid_from, valid_to NULLS LAST, event_id) AS steps
          FROM held JOIN told ON event_id = change_event_id
          JOIN founded ON founded.customer_id = held.customer_id
          GROUP BY held.source_record_key)
        SELECT source_record_key, list_reduce(steps, lambda so_far, step: {{
                 'customer_id': step.customer_id,
                 'own_id': CASE WHEN step.is_given THEN step.customer_id
                                WHEN step.is_merge OR so_far.own_id <> so_far.customer_id THEN so_far.own_id
                                ELSE step.customer_id END,
                 'is_given': step.is_given, 'is_merge': step.is_merge}}).own_id AS own_id
        FROM life"""


def update(connection: duckdb.DuckDBPyConnection, moment: datetime) -> None:
    """Bring `identity.customer_id_redirect` to the state of `claim` and `change_event`.

    Ids that merged in this run redirect to the survivor, as does whatever redirected to them; an id whose oldest own
    record went elsewhere follows it, or comes back with it.
    """
    connection.execute(
        """UPDATE identity.customer_id_redirect AS redirect
           SET current_customer_id = event.customer_id, changed_at = $moment, event_id = event.event_id
           FROM change_event AS event
           WHERE event.event_type = 'merge' AND event.other_customer_id = redirect.current_customer_id""",
        {"moment": moment},
    )
    connection.execute(
        """DELETE FROM identity.customer_id_redirect
           WHERE old_customer_id IN (SELECT customer_id FROM claim WHERE is_merged_away AND seniority = 1)"""
    )
    connection.execute(
        """UPDATE identity.customer_id_redirect AS redirect
           SET current_customer_id = led.customer_id, changed_at = $moment, event_id = led.event_id
           FROM (SELECT follower.customer_id AS old_customer_id, winner.customer_id,
                        coalesce(detached.event_id, split.event_id) AS event_id
                 FROM claim AS follower JOIN (FROM claim WHERE seniority = 1) AS winner USING (cluster_no)
                 LEFT JOIN (FROM change_event WHERE event_type = 'detach') AS detached
                   ON detached.source_record_key = follower.anchor_key
                 LEFT JOIN (SELECT other_customer_id, min(event_id) AS event_id FROM change_event
                            WHERE event_type = 'split' GROUP BY other_customer_id) AS split
                   ON split.other_customer_id = winner.customer_id
                 WHERE follower.is_merged_away) AS led
           WHERE led.old_customer_id = redirect.old_customer_id
             AND led.customer_id <> redirect.current_customer_id""",
        {"moment": moment},
    )
    connection.execute(
        """INSERT INTO identity.customer_id_redirect
           SELECT other_customer_id, customer_id, occurred_at, event_id FROM change_event WHERE event_type = 'merge'"""
    )
