"""Keep the books: what staging holds of each feed, beside what the ledger counted there. Counted at every look."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import duckdb

from connectors.contract import FeedContract
from pipelines.deployment import Deployment
from pipelines.ledger import batches, leases, links
from pipelines.ledger.database import Ledger
from pipelines.writing import writing
from warehouse.connection import WarehouseAbsent, WarehouseBusy, WarehouseUnreadable, open_reader
from warehouse.links import count_staged


def count_books(deployment: Deployment, ledger: Ledger) -> None:
    """Write down both counts of every feed that is neither being staged nor waits for it.

    While somebody writes the warehouse nothing is counted: the next look does it.
    """
    catalog = deployment.catalog
    try:
        with writing(deployment, ledger, patience=timedelta(0)):
            _count(deployment, ledger, catalog)
    except (leases.LeaseHeld, WarehouseBusy):
        return


def _count(deployment: Deployment, ledger: Ledger, catalog: Mapping[str, FeedContract]) -> None:
    """Feeds of one system may serve one entity together, so both sides are added up over them."""
    tallied: dict[tuple[str, str], int] = {}
    for contract in catalog.values():
        place = (contract.entity, contract.system)
        tallied[place] = tallied.get(place, 0) + batches.rows_staged(ledger, contract.feed)
    if not any(tallied.values()):
        return
    staged: dict[tuple[str, str], int] = {}
    trouble: str | None = None
    try:
        staged = _staged(deployment, {entity for entity, _ in tallied})
    except WarehouseAbsent:
        trouble = f"{deployment.home.warehouse} is not there"
    except WarehouseUnreadable as error:
        trouble = str(error)
    except (duckdb.IOException, duckdb.SerializationException, duckdb.FatalException) as error:
        trouble = f"{deployment.home.warehouse} is damaged ({str(error).splitlines()[0]})"
    unsettled = {(one.entity, one.system) for one in catalog.values() if batches.is_any_landed(ledger, one.feed)}
    for contract in catalog.values():
        place = (contract.entity, contract.system)
        # What waits for a warehouse that cannot be read is not about to be staged.
        if (trouble or place not in unsettled) and tallied[place]:
            count = links.StagedCount(staged.get(place, 0), tallied[place], deployment.clock(), trouble)
            links.record_count(ledger, contract.feed, count)


def _staged(deployment: Deployment, entities: set[str]) -> dict[tuple[str, str], int]:
    """(entity, source system) → rows in staging."""
    with open_reader(deployment.home.warehouse, wait_seconds=0) as connection:
        there = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        return {
            (entity, system): rows
            for entity in sorted(entities & there)
            for system, rows in count_staged(connection, entity).items()
        }
