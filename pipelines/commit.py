"""What makes a landed batch count: its folder's final name, and its line in the ledger."""

from __future__ import annotations

import hashlib

from connectors.contract import FeedContract
from connectors.landing import LandedBatch, LandingFolder
from connectors.manifest import Manifest
from pipelines.ledger import batches, leases
from pipelines.ledger.database import Ledger
from pipelines.ledger.leases import Lease


def batch_id_of(contract: FeedContract, batch_seq: int) -> str:
    """Batch ids sort as their numbers do."""
    return f"{contract.feed}-{batch_seq:08d}"


def commit(ledger: Ledger, lease: Lease, batch: LandedBatch, run_id: str) -> None:
    """Make a batch count: under a lease that still stands, rename its folder and write it down.

    A kill between the rename and the ledger's commit leaves a batch that `recover` adopts.

    Raises:
        leases.LeaseLost: another run took over; the batch stays uncommitted.
    """
    with ledger.transaction() as connection:
        leases.check(ledger, lease)
        batch.rename()
        batches.add_batch(connection, _record(batch.manifest), run_id)


def recover(ledger: Ledger, folder: LandingFolder) -> list[str]:
    """Sweep what dead runs left and adopt committed batches that the ledger does not know; ids of those adopted."""
    folder.sweep()
    orphans = batches.unknown_batches(ledger, folder.contract.feed, folder.with_rows())
    for batch_id in orphans:
        with ledger.transaction() as connection:
            batches.add_batch(connection, _record(folder.manifest(batch_id)), None)
    return orphans


def _record(manifest: Manifest) -> batches.BatchRecord:
    file = manifest.source_file
    digest = hashlib.sha256("".join(part.sha256 for part in manifest.parts).encode()).hexdigest()
    return batches.BatchRecord(
        batch_id=manifest.batch_id,
        feed=manifest.feed,
        batch_seq=manifest.batch_seq,
        label=manifest.label,
        kind=manifest.kind,
        row_count=manifest.row_count,
        reject_count=manifest.reject_count,
        reread_count=manifest.reread_count,
        future_count=manifest.future_count,
        ends_mid_line=manifest.ends_mid_line,
        claimed_rows=manifest.claimed_rows,
        byte_count=manifest.byte_count,
        content_sha256=digest if manifest.parts else None,
        schema_fingerprint=manifest.schema_fingerprint,
        cursor_low=manifest.cursor_low,
        cursor_high=manifest.cursor_high,
        cursor_after=manifest.cursor_after,
        sequence=manifest.sequence,
        business_date=manifest.business_date,
        source_identity=manifest.source_identity,
        landed_at=manifest.landed_at,
        file_name=file.name if file else None,
        file_bytes=file.byte_count if file else None,
        file_modified_at=file.modified_at if file else None,
    )
