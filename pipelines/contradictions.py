"""Look into the published file for acts against the word of customers, and write them down for those who watch."""

from __future__ import annotations

from datetime import UTC

import duckdb

from pipelines.deployment import Deployment
from pipelines.ledger.contradictions import ContradictedCustomer, record_contradictions
from pipelines.ledger.database import Ledger
from warehouse.connection import WarehouseAbsent, WarehouseBusy, open_reader

PATIENCE_SECONDS = 1.0
# What moves money or goods is told; a message too many is left to reports.
_OPEN = """
    SELECT customer_id, count(*), min(happened_at),
           string_agg(DISTINCT concat_ws(' ', subject_id, replace(action_kind, '_', ' ')), ', '
                      ORDER BY concat_ws(' ', subject_id, replace(action_kind, '_', ' ')))
    FROM main.contradiction
    WHERE is_open AND severity = 'error'
    GROUP BY customer_id
"""


def count_contradictions(deployment: Deployment, ledger: Ledger) -> None:
    """Write down whom the published snapshot shows as contradicted. A file in use is read the next time."""
    try:
        with open_reader(deployment.home.published, wait_seconds=PATIENCE_SECONDS) as connection:
            rows = connection.execute(_OPEN).fetchall()
            ((snapshot_at,),) = connection.execute("SELECT snapshot_at FROM ops.snapshot").fetchall()
    except (WarehouseAbsent, WarehouseBusy, duckdb.CatalogException):  # the last: published by a former version
        return
    found = [
        ContradictedCustomer(customer_id, open_count, what, first_at.replace(tzinfo=UTC))
        for customer_id, open_count, first_at, what in rows
    ]
    record_contradictions(ledger, found, snapshot_at.replace(tzinfo=UTC))
