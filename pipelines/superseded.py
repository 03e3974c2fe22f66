"""Full lists that a newer one stands for: what they held goes when their contract's retention is over.

A list that is delivered in full each day is landed once a day, whoever is on it still. Staging, a comparison with the
source and bringing back what staging lost need the newest one alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.contract import FeedContract
from connectors.landing import LandingFolder
from pipelines.ledger import batches
from pipelines.ledger.database import Ledger
from warehouse import quarantine

if TYPE_CHECKING:
    import duckdb


def forget_superseded(
    connection: duckdb.DuckDBPyConnection,
    ledger: Ledger,
    landing: Path,
    contracts: Iterable[FeedContract],
    now: datetime,
) -> list[str]:
    """Forget the rows of lists older than contracts allow; ids of these batches. Manifests stay.

    `connection` is open on the warehouse. Kept are the newest staged list and all that came after it, batches that wait
    to be staged, and those with rows in quarantine that wait for a decision.
    """
    forgotten: list[str] = []
    for contract in contracts:
        if (kept := contract.retention.superseded) is None:
            continue
        if (newest := batches.last_staged_full(ledger, contract.feed)) is None:
            continue
        folder = LandingFolder(landing, contract)
        waiting = quarantine.batches_with_held_rows(connection, contract.feed)
        waiting.update(batches.pending_batches(ledger, contract.feed))
        for batch_id in folder.with_rows():
            if batch_id >= newest or datetime.fromisoformat(folder.manifest(batch_id).landed_at) >= now - kept:
                break
            if batch_id not in waiting:
                folder.forget_rows(batch_id)
                forgotten.append(batch_id)
    return forgotten
