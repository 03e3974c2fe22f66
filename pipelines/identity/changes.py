"""What changed since identity last read staging: rows, and the source records that come, change or go with them.

Of every staged row a number of its key and one of its content are kept; only rows of which these differ are read. Two
of a million rows share a number of 64 bits in one of 40 million warehouses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from pipelines.hashing import hash_sql
from pipelines.identity.erasure import leave_out_erased
from pipelines.identity.records import (
    ACCOUNTS,
    ATTRIBUTES,
    RECORD_NUMBER,
    EntityRoles,
    records_of,
    references_of,
    row_number,
    staged_columns,
)
from warehouse.cast_sql import quoted

if TYPE_CHECKING:
    import duckdb

_RECORD_HASH = hash_sql(
    ["is_stub", "is_deleted", *ATTRIBUTES, "source_created_at", "source_updated_at"],
    [f"CAST({name} AS VARCHAR)" for name in ATTRIBUTES],
)
CONTENT = "hash(_row_hash, _changed_at, _is_deleted)"


class Counts(NamedTuple):
    """How many source records came, changed and went."""

    new: int
    changed: int
    removed: int


def gather(connection: duckdb.DuckDBPyConnection, entities: Mapping[str, EntityRoles], *, everything: bool) -> Counts:
    """Find what changed, and remember that it was read; with `everything`, as if all had changed.

    Builds temporary tables. `incoming`: one row per source record of a changed row, as written, with its `record_hash`;
    those that were erased are left out.
    `touched`: those of them that are new or say something else than before (source_record_key, record_no, is_new,
    first_seen_at so far, is_changed); a record keeps its number while it lives. `removed`: source records that are no
    more (source_record_key, record_no). `outdated`: numbers (record_no) of records that changed or went. `superseded`:
    one row per removed key of which the row came to refer to an account, with the key of that.
    """
    naming = [roles for _, roles in sorted(entities.items()) if roles.columns("record_id")]
    _find_rows(connection, naming, everything=everything)
    _follow_references(connection, naming)
    columns = staged_columns(connection)
    selects = [records_of(roles, columns[roles.entity], _is_changed(roles.entity)) for roles in naming]
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE incoming AS
            SELECT *, {_RECORD_HASH} AS record_hash
            FROM ({" UNION ALL BY NAME ".join([*selects, _STUBS])})"""
    )
    leave_out_erased(connection)
    _compare(connection, everything=everything)
    counts = connection.execute(
        """SELECT count(*) FILTER (is_new), count(*) FILTER (is_changed AND NOT is_new),
                  (SELECT count(*) FROM removed) FROM touched"""
    ).fetchall()
    return Counts(*counts[0])


def _is_changed(entity: str) -> str:
    # By place, so that only the parts of a large table are read that changed rows stand in.
    return f"rowid IN (SELECT place FROM changed_row WHERE entity = '{entity}')"


def _find_rows(connection: duckdb.DuckDBPyConnection, naming: list[EntityRoles], *, everything: bool) -> None:
    """Build `changed_row`, and bring `identity.gathered_row` up to date.

    That is row_no, content, entity and place in staging (all null for a row that went), was_read before.
    """
    rows = " UNION ALL ".join(
        f"""SELECT {row_number(roles.entity)} AS row_no, {CONTENT} AS content, '{roles.entity}' AS entity,
                   rowid AS place FROM staging.{quoted(roles.entity)}"""
        for roles in naming
    )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE changed_row AS
            SELECT row_no, staged.content, entity, place, read.content IS NOT NULL AS was_read
            FROM ({rows}) AS staged FULL JOIN identity.gathered_row AS read USING (row_no)
            WHERE $everything OR staged.content IS DISTINCT FROM read.content""",
        {"everything": everything},
    )
    connection.execute("DELETE FROM identity.gathered_row WHERE row_no IN (SELECT row_no FROM changed_row)")
    connection.execute(
        "INSERT INTO identity.gathered_row SELECT row_no, content FROM changed_row WHERE content IS NOT NULL"
    )


def _follow_references(connection: duckdb.DuckDBPyConnection, naming: list[EntityRoles]) -> None:
    """Bring `identity.account_reference` up to date; build `doubtful_account`: who may gain or lose a stub."""
    columns = "source_system, record_id, account_key"
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE doubtful_account AS
            SELECT DISTINCT {columns} FROM identity.account_reference
            WHERE row_no IN (SELECT row_no FROM changed_row)
               OR {row_number(ACCOUNTS, "source_system", "record_id")} IN (SELECT row_no FROM changed_row)"""
    )
    connection.execute("DELETE FROM identity.account_reference WHERE row_no IN (SELECT row_no FROM changed_row)")
    references = [
        references_of(roles, _is_changed(roles.entity))
        for roles in naming
        if roles.entity != ACCOUNTS and roles.columns("account_ref")
    ]
    if references:
        connection.execute("INSERT INTO identity.account_reference BY NAME " + " UNION ALL ".join(references))
    connection.execute(
        f"""INSERT INTO doubtful_account
            SELECT DISTINCT {columns} FROM identity.account_reference
            WHERE row_no IN (SELECT row_no FROM changed_row) EXCEPT FROM doubtful_account"""
    )


# Accounts that are referred to and have no row.
_STUBS = f"""SELECT account_key AS source_record_key, source_system, '{ACCOUNTS}' AS entity, record_id, true AS is_stub,
                    false AS is_deleted
             FROM doubtful_account SEMI JOIN identity.account_reference USING (account_key)
             WHERE {row_number(ACCOUNTS, "source_system", "record_id")} NOT IN (
               SELECT row_no FROM identity.gathered_row)"""


def _compare(connection: duckdb.DuckDBPyConnection, *, everything: bool) -> None:
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE known_record AS
            WITH sought AS (
              SELECT row_no, true AS is_row FROM changed_row WHERE was_read
              UNION SELECT {row_number(ACCOUNTS, "source_system", "record_id")}, false FROM doubtful_account)
            SELECT DISTINCT source_record_key, record_no, record_hash, first_seen_at
            FROM identity.source_records JOIN sought ON {RECORD_NUMBER} = row_no WHERE is_row OR is_stub"""
    )
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE touched AS
           WITH last AS (SELECT coalesce(max(record_no), 0) AS record_no FROM identity.source_records)
           SELECT incoming.source_record_key,
                  coalesce(known.record_no, last.record_no + row_number() OVER (
                    PARTITION BY known.record_no IS NULL ORDER BY source_record_key)) AS record_no,
                  known.record_no IS NULL AS is_new, known.first_seen_at,
                  known.record_hash IS DISTINCT FROM incoming.record_hash AS is_changed
           FROM incoming LEFT JOIN known_record AS known USING (source_record_key), last
           WHERE $everything OR known.record_hash IS DISTINCT FROM incoming.record_hash""",
        {"everything": everything},
    )
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE removed AS
           SELECT source_record_key, record_no FROM known_record ANTI JOIN incoming USING (source_record_key)"""
    )
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE outdated AS
           SELECT record_no FROM touched WHERE NOT is_new UNION ALL SELECT record_no FROM removed"""
    )
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE superseded AS
           SELECT source_record_key, min(account_key) AS account_key
           FROM identity.account_reference SEMI JOIN removed USING (source_record_key) GROUP BY source_record_key"""
    )
