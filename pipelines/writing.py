"""The right to write the warehouse: one process at a time, which begins by clearing what a killed one left."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from pipelines.deployment import Deployment
from pipelines.ledger import leases
from pipelines.ledger.database import Ledger
from pipelines.ledger.leases import Lease
from pipelines.settings import Home
from pipelines.trouble import NothingThere
from warehouse.connection import warehouse_work_path

RESOURCE = "warehouse"


def require_warehouse(home: Home) -> None:
    """For work on what is staged. Raises NothingThere where nothing ever was: it would begin with an empty file."""
    if not home.warehouse.is_file():
        raise NothingThere(home.warehouse, "there is no warehouse yet")


@contextmanager
def writing(deployment: Deployment, ledger: Ledger, *, patience: timedelta | None = None) -> Iterator[Lease]:
    """The warehouse's lease, for the length of the block; `patience` is the deployment's unless given.

    Raises:
        leases.LeaseHeld: another run writes the warehouse.
    """
    patience = deployment.patience if patience is None else patience
    with leases.held(ledger, RESOURCE, clock=deployment.clock, patience=patience, sleep=deployment.sleep) as lease:
        # Rows that a killed writer had cast are personal data that no feed will ever look for again.
        shutil.rmtree(warehouse_work_path(deployment.home.root), ignore_errors=True)
        yield lease
