"""Erasing customers from schema `identity`: every record, whatever was made of it, and what tells of it.

What stays names nobody: that there was a customer of each id and when it was erased, which ids had been merged into it,
what was learned from all records together, as numbers, and of each record a tombstone, by which `changes.gather` leaves
it out should a feed bring it again. Other layers (landing, staging, quarantine, published) are not erased here.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.identity import values

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import duckdb

# What stands in an event for the key of a record that was erased.
ERASED = "erased"
# Rows that are about a record, by the columns that name it.
_BY_KEY = {
    "source_records": ("source_record_key",), "comparable": ("source_record_key",),
    "scored_pairs": ("left_key", "right_key"), "customer_crosswalk": ("source_record_key",),
    "crosswalk_history": ("source_record_key",), "judgements": ("left_key", "right_key"),
    "judgement_basis": ("left_key", "right_key"), "applied_judgement": ("left_key", "right_key"),
    "unmerge": ("left_key", "right_key"), "review_sample": ("left_key", "right_key"),
    "attribute_provenance": ("source_record_key",), "account_reference": ("source_record_key", "account_key"),
}  # fmt: skip
_BY_CUSTOMER = ("golden_customers", "attribute_provenance", "customer_household", "cluster_quality")


class EraseRefused(LookupError):
    """There is nothing to erase under this id. The message names the id, fact and next step."""


@dataclass(frozen=True)
class Erased:
    """How many records were erased, those that had gone at their source before among them."""

    customer_id: str
    records: int


def erase(
    connection: duckdb.DuckDBPyConnection,
    customer_ids: Sequence[str],
    *,
    now: datetime,
    run_id: str,
    actor: str,
    reason: str,
) -> list[Erased]:
    """Erase customers for good, in the order given; no other customer changes its id.

    The caller's transaction makes it one change. `reason` is kept: it may name a request, never the person. Raises
    EraseRefused, and changes nothing, when an id was never given, is merged into another or was erased before; a
    retired one is erased, too.
    """
    find_records(connection, customer_ids)
    _bury(connection, now)
    _redact_events(connection)
    _delete(connection)
    values.forget_unused(connection)
    connection.execute(
        """INSERT INTO identity.identity_event
           SELECT $run_id || '/erase/' || customer_id, 'erase', customer_id, NULL, NULL, $actor, $reason, $run_id, $now
           FROM erased_customer""",
        {"actor": actor, "reason": reason, "run_id": run_id, "now": now.replace(tzinfo=None)},
    )
    counted = connection.execute(
        """SELECT customer_id, count(source_record_key) FROM erased_customer LEFT JOIN erased_key USING (customer_id)
           GROUP BY customer_id, place ORDER BY place"""
    ).fetchall()
    for name in ("erased_customer", "erased_key", "erased_no"):
        connection.execute(f"DROP TABLE temp.{name}")
    return [Erased(*one) for one in counted]


def find_records(connection: duckdb.DuckDBPyConnection, customer_ids: Sequence[str]) -> None:
    """Build what `erase` works on: `erased_customer` (place, customer_id), `erased_key` (customer_id,
    source_record_key: records that the customer, or an id merged into it, has now or had last), `erased_no`.

    Raises EraseRefused as `erase` does.
    """
    connection.execute("CREATE OR REPLACE TEMP TABLE erased_customer (place BIGINT, customer_id VARCHAR)")
    connection.execute(
        "INSERT INTO erased_customer SELECT unnest(range(len($ids))), unnest($ids)",
        {"ids": list(dict.fromkeys(customer_ids))},
    )
    _check(connection)
    _collect(connection)


def leave_out_erased(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop from `incoming` the records that were erased, and from `identity.account_reference` what names them.

    Only what is new can be, which spares hashing all keys.
    """
    if connection.execute("SELECT 1 FROM identity.erased_record LIMIT 1").fetchall():
        connection.execute(
            f"""DELETE FROM incoming
                WHERE source_record_key NOT IN (SELECT source_record_key FROM identity.source_records)
                  AND {_is_erased("source_record_key")}"""
        )
        connection.execute(
            f"""DELETE FROM identity.account_reference
                WHERE row_no IN (SELECT row_no FROM changed_row)
                  AND ({_is_erased("source_record_key")} OR {_is_erased("account_key")})"""
        )


def _tombstone(key: str) -> str:
    """SQL of the tombstone of a record."""
    return f"sha256((SELECT salt FROM identity.erasure_salt) || {key})"


def _is_erased(key: str) -> str:
    return f"{_tombstone(key)} IN (SELECT tombstone FROM identity.erased_record)"


def _check(connection: duckdb.DuckDBPyConnection) -> None:
    told = connection.execute(
        """SELECT place, customer_id, 'is merged into ' || current_customer_id
                    || '; erase that one if it is the person meant, or c360 unmerge ' || customer_id || ' first'
           FROM identity.customer_id_redirect JOIN erased_customer ON old_customer_id = customer_id
           UNION ALL
           SELECT place, customer_id, 'was erased on ' || strftime(occurred_at, '%Y-%m-%d') || ' already'
           FROM identity.identity_event JOIN erased_customer USING (customer_id) WHERE event_type = 'erase'
           UNION ALL
           SELECT place, customer_id, 'was never given to a customer; find the id with c360 customer'
           FROM erased_customer WHERE customer_id NOT IN (
             SELECT customer_id FROM identity.identity_event WHERE event_type = 'create')
           ORDER BY place LIMIT 1"""
    ).fetchall()
    for _, customer_id, fact in told:
        raise EraseRefused(f"{customer_id} {fact}. Nothing was erased.")


def _collect(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE erased_key AS
           WITH lasting AS (
             SELECT source_record_key,
                    arg_max(customer_id, (coalesce(valid_to, 'infinity'), valid_from, change_event_id)) AS customer_id
             FROM identity.crosswalk_history GROUP BY source_record_key),
           meant AS (
             SELECT customer_id AS id, customer_id FROM erased_customer
             UNION ALL SELECT old_customer_id, current_customer_id
             FROM identity.customer_id_redirect JOIN erased_customer ON current_customer_id = customer_id)
           SELECT meant.customer_id, source_record_key FROM lasting JOIN meant ON lasting.customer_id = meant.id"""
    )
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE erased_no AS
           SELECT record_no FROM identity.comparable SEMI JOIN erased_key USING (source_record_key)"""
    )


def _bury(connection: duckdb.DuckDBPyConnection, now: datetime) -> None:
    """Leave a tombstone for each record.

    Keys are often short numbers or addresses that could be tried one by one. The salt, which no one else knows, keeps
    tombstones from being looked up in a list or compared with those of another home; whoever has this file can still
    ask it about one key, which is what it is for.
    """
    if not connection.execute("SELECT 1 FROM identity.erasure_salt").fetchall():
        # Not seeded: a salt that can be foretold is none. Nothing that is published depends on it.
        connection.execute("INSERT INTO identity.erasure_salt VALUES (?)", [secrets.token_hex(32)])
    connection.execute(
        f"INSERT OR IGNORE INTO identity.erased_record SELECT {_tombstone('source_record_key')}, $now FROM erased_key",
        {"now": now.replace(tzinfo=None)},
    )


def _redact_events(connection: duckdb.DuckDBPyConnection) -> None:
    """Take the records' keys, which may be e-mail addresses, out of former events and of reasons that end in one."""
    connection.execute(
        """UPDATE identity.identity_event SET source_record_key = $erased, reason = $erased
           WHERE source_record_key IN (SELECT source_record_key FROM erased_key)""",
        {"erased": ERASED},
    )
    connection.execute(
        """UPDATE identity.identity_event SET reason = $erased
           WHERE event_id IN (SELECT event_id FROM identity.identity_event JOIN erased_key AS gone
                              ON ends_with(reason, ' ' || gone.source_record_key))""",
        {"erased": ERASED},
    )


def _delete(connection: duckdb.DuckDBPyConnection) -> None:
    for table, columns in _BY_KEY.items():
        named = " OR ".join(f"{column} IN (SELECT source_record_key FROM erased_key)" for column in columns)
        connection.execute(f"DELETE FROM identity.{table} WHERE {named}")
    for table in _BY_CUSTOMER:
        connection.execute(
            f"DELETE FROM identity.{table} WHERE customer_id IN (SELECT customer_id FROM erased_customer)"
        )
    connection.execute(
        "DELETE FROM identity.named_mailbox WHERE customer_no IN (SELECT hash(customer_id) FROM erased_customer)"
    )
    for table in ("block_key", "home_value", "chain"):
        connection.execute(f"DELETE FROM identity.{table} WHERE record_no IN (FROM erased_no)")
    # A chain is named after its lowest number; what is left of it gets a new name, lest a new record take the old one.
    connection.execute(
        """UPDATE identity.chain SET chain_no = renamed.lowest
           FROM (SELECT chain_no, min(record_no) AS lowest FROM identity.chain GROUP BY chain_no) AS renamed
           WHERE renamed.chain_no = chain.chain_no AND chain.chain_no IN (FROM erased_no)"""
    )
