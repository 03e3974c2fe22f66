"""Look into the published file for matters of customers that somebody has to see to, and write them down for those who
watch."""

from __future__ import annotations

from datetime import UTC

import duckdb

from pipelines.deployment import Deployment
from pipelines.freshness.detectors.matters import CONTRADICTED, OVERDUE
from pipelines.ledger.database import Ledger
from pipelines.ledger.matters import Matter, record_matters
from warehouse.connection import WarehouseAbsent, WarehouseBusy, open_reader

PATIENCE_SECONDS = 1.0
UNOWNED = "unowned"
# Of acts against a customer's word what moves money or goods is told; a message too many is left to reports. Of what is
# owed and past its day what is still to be done; a broken promise is left to reports as well.
_OPEN = f"""
    WITH owed AS (
        SELECT coalesce(owner_team, '{UNOWNED}') AS team, coalesce(owner_employee_id, 'nobody known') AS owner,
               customer_id, due_at
        FROM main.follow_up WHERE is_overdue AND status = 'open'),
    owing AS (SELECT team, owner, count(*) AS words FROM owed GROUP BY ALL)
    SELECT '{CONTRADICTED}', customer_id, count(*), 1,
           string_agg(DISTINCT concat_ws(' ', subject_id, replace(action_kind, '_', ' ')), ', '
                      ORDER BY concat_ws(' ', subject_id, replace(action_kind, '_', ' '))),
           min(happened_at)
    FROM main.contradiction
    WHERE is_open AND severity = 'error'
    GROUP BY customer_id
    UNION ALL
    SELECT '{OVERDUE}', team, count(*), count(DISTINCT customer_id), any_value(told), min(due_at)
    FROM owed JOIN (
        SELECT team, string_agg(concat(owner, ' owes ', words), ', ' ORDER BY words DESC, owner) AS told
        FROM owing GROUP BY team) USING (team)
    GROUP BY team
"""


def count_matters(deployment: Deployment, ledger: Ledger) -> None:
    """Write down what the published snapshot shows as open. A file in use is read the next time."""
    try:
        with open_reader(deployment.home.published, wait_seconds=PATIENCE_SECONDS) as connection:
            rows = connection.execute(_OPEN).fetchall()
            ((snapshot_at,),) = connection.execute("SELECT snapshot_at FROM ops.snapshot").fetchall()
    except (WarehouseAbsent, WarehouseBusy, duckdb.CatalogException):  # the last: published by a former version
        return
    found = [
        Matter(failure, segment, open_count, customers, what, first_at.replace(tzinfo=UTC))
        for failure, segment, open_count, customers, what, first_at in rows
    ]
    record_matters(ledger, found, snapshot_at.replace(tzinfo=UTC))
