"""Erasing customers from what is kept of former snapshots (schema `history` of the warehouse)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warehouse import history

if TYPE_CHECKING:
    import duckdb


def erase_past(connection: duckdb.DuckDBPyConnection) -> int:
    """Erase the past of `erased_customer` and of what their records were called or part of; how many rows.

    A customer who had one of their records for a while was described by it, so its periods that are over and touch that
    while go as well. The period that holds today stays: it is told by records of its own. Needs `erased_customer` and
    `erased_key` (identity.erasure), and the crosswalk's history with them still in it.
    """
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE erased_id AS
           SELECT customer_id FROM erased_customer
           UNION SELECT old_customer_id FROM identity.customer_id_redirect
                 JOIN erased_customer ON current_customer_id = customer_id"""
    )
    rows = 0
    for table in history.kept_tables("customer_id"):
        rows += _deleted(connection, f"DELETE FROM {table} WHERE customer_id IN (FROM erased_id)")
    for table in history.kept_tables("valid_to"):
        rows += _deleted(
            connection,
            f"""DELETE FROM {table} AS period
                WHERE valid_to IS NOT NULL AND EXISTS (
                  SELECT 1 FROM identity.crosswalk_history AS held SEMI JOIN erased_key USING (source_record_key)
                  WHERE held.customer_id = period.customer_id
                    AND held.valid_from < period.valid_to
                    AND coalesce(held.valid_to, 'infinity') > period.valid_from)""",
        )
    return rows


def _deleted(connection: duckdb.DuckDBPyConnection, statement: str) -> int:
    ((count,),) = connection.execute(statement).fetchall()
    return int(count)
