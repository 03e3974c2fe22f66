"""Whom an alert concerns: customers that have something from its feed, counted in the file that readers open."""

from __future__ import annotations

from pathlib import Path

import duckdb

from connectors.contract import FeedContract
from pipelines.freshness.failures import Effect, Failure
from pipelines.ledger.alerts import Alert
from warehouse.cast_sql import quoted
from warehouse.connection import WarehouseAbsent, WarehouseBusy, open_reader

# These concern whatever the feed delivers; of others only some rows are concerned, and whose is not known.
OF_THE_WHOLE_FEED: frozenset[Effect] = frozenset({"stale", "late"})
PATIENCE_SECONDS = 1.0


def customers_affected(published: Path, alert: Alert, failure: Failure, contract: FeedContract | None) -> int | None:
    """How many customers have something from the feed of an alert; None when that is not known, which 0 would hide."""
    if contract is None or alert.segment or failure.effect not in OF_THE_WHOLE_FEED:
        return None
    try:
        with open_reader(published, wait_seconds=PATIENCE_SECONDS) as connection:
            # Every published table whose rows tell both their customer and the batch that brought them.
            tables = connection.execute(
                """SELECT schema_name, table_name FROM duckdb_columns()
                   WHERE column_name IN ('customer_id', 'batch_id') GROUP BY ALL HAVING count(*) = 2"""
            ).fetchall()
            parts = [
                f"SELECT customer_id FROM {quoted(schema)}.{quoted(table)} WHERE starts_with(batch_id, $batches)"
                for schema, table in tables
            ]
            parts.append(
                """SELECT customer_id FROM identity.customer_crosswalk
                   WHERE source_system = $system AND entity = $entity"""
            )
            ((customers,),) = connection.execute(
                f"SELECT count(DISTINCT customer_id) FROM ({' UNION ALL '.join(parts)})",
                {
                    "system": contract.system,
                    "entity": contract.entity,
                    **({"batches": f"{alert.feed}-"} if tables else {}),
                },
            ).fetchall()
    except (WarehouseAbsent, WarehouseBusy, duckdb.CatalogException):  # the last: published by a former version
        return None
    return int(customers) or None
