"""Erasing one customer from schema `identity`: every record, whatever was made of it, and what tells of it.

What stays names nobody: that there was a customer of this id and when it was erased, which ids had been merged into it,
what was learned from all records together, as numbers, and of each record a tombstone, by which `changes.gather` leaves
it out should a feed bring it again. Other layers (landing, staging, quarantine, published) are not erased here.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.identity import values

if TYPE_CHECKING:
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
    connection: duckdb.DuckDBPyConnection, customer_id: str, *, now: datetime, run_id: str, actor: str, reason: str
) -> Erased:
    """Erase a customer for good; no other customer changes its id.

    The caller's transaction makes it one change. `reason` is kept: it may name a request, never the person. Raises
    EraseRefused when the id was never given, is merged into another or was erased before; a retired one is erased, too.
    """
    _check(connection, customer_id)
    _collect(connection, customer_id)
    _bury(connection, now)
    _redact_events(connection)
    _delete(connection, customer_id)
    values.forget_unused(connection)
    connection.execute(
        """INSERT INTO identity.identity_event
           VALUES ($event_id, 'erase', $customer_id, NULL, NULL, $actor, $reason, $run_id, $now)""",
        {
            "event_id": f"{run_id}/erase/{customer_id}", "customer_id": customer_id, "actor": actor, "reason": reason,
            "run_id": run_id, "now": now.replace(tzinfo=None),
        },
    )  # fmt: skip
    ((records,),) = connection.execute("SELECT count(*) FROM erased_key").fetchall()
    for name in ("erased_key", "erased_no"):
        connection.execute(f"DROP TABLE temp.{name}")
    return Erased(customer_id, records)


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


def _check(connection: duckdb.DuckDBPyConnection, customer_id: str) -> None:
    told = connection.execute(
        """SELECT 'is merged into ' || current_customer_id || '; erase that one if it is the person meant, '
                    || 'or c360 unmerge ' || old_customer_id || ' first'
           FROM identity.customer_id_redirect WHERE old_customer_id = $id
           UNION ALL
           SELECT 'was erased on ' || strftime(occurred_at, '%Y-%m-%d') || ' already'
           FROM identity.identity_event WHERE customer_id = $id AND event_type = 'erase'
           UNION ALL
           SELECT 'was never given to a customer; find the id with c360 customer'
           WHERE $id NOT IN (SELECT customer_id FROM identity.identity_event WHERE event_type = 'create')""",
        {"id": customer_id},
    ).fetchall()
    for (fact,) in told:
        raise EraseRefused(f"{customer_id} {fact}. Nothing was erased.")


def _collect(connection: duckdb.DuckDBPyConnection, customer_id: str) -> None:
    """Build `erased_key`: records that the customer, or an id merged into it, has now or had last; and `erased_no`."""
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE erased_key AS
           WITH lasting AS (
             SELECT source_record_key,
                    arg_max(customer_id, (coalesce(valid_to, 'infinity'), valid_from, change_event_id)) AS customer_id
             FROM identity.crosswalk_history GROUP BY source_record_key)
           SELECT source_record_key FROM lasting
           WHERE customer_id = $id OR customer_id IN (
             SELECT old_customer_id FROM identity.customer_id_redirect WHERE current_customer_id = $id)""",
        {"id": customer_id},
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
           WHERE source_record_key IN (FROM erased_key)""",
        {"erased": ERASED},
    )
    connection.execute(
        """UPDATE identity.identity_event SET reason = $erased
           WHERE event_id IN (SELECT event_id FROM identity.identity_event JOIN erased_key AS gone
                              ON ends_with(reason, ' ' || gone.source_record_key))""",
        {"erased": ERASED},
    )


def _delete(connection: duckdb.DuckDBPyConnection, customer_id: str) -> None:
    for table, columns in _BY_KEY.items():
        named = " OR ".join(f"{column} IN (FROM erased_key)" for column in columns)
        connection.execute(f"DELETE FROM identity.{table} WHERE {named}")
    for table in _BY_CUSTOMER:
        connection.execute(f"DELETE FROM identity.{table} WHERE customer_id = ?", [customer_id])
    connection.execute("DELETE FROM identity.named_mailbox WHERE customer_no = hash(?)", [customer_id])
    for table in ("block_key", "home_value", "chain"):
        connection.execute(f"DELETE FROM identity.{table} WHERE record_no IN (FROM erased_no)")
    # A chain is named after its lowest number; what is left of it gets a new name, lest a new record take the old one.
    connection.execute(
        """UPDATE identity.chain SET chain_no = renamed.lowest
           FROM (SELECT chain_no, min(record_no) AS lowest FROM identity.chain GROUP BY chain_no) AS renamed
           WHERE renamed.chain_no = chain.chain_no AND chain.chain_no IN (FROM erased_no)"""
    )
