"""Publications: which snapshot readers have, and what it was made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.ledger.database import Ledger


@dataclass(frozen=True)
class Publication:
    """One published snapshot. `verified` tells feed → when its source had last been read, as readers see it."""

    snapshot_id: str
    fingerprint: str
    published_at: str
    verified: Mapping[str, str]
    customers: int


def record_publication(ledger: Ledger, publication: Publication) -> None:
    """Write down that a snapshot was put in place."""
    ledger.write(
        "INSERT OR REPLACE INTO publication VALUES (?, ?, ?, ?, ?)",
        publication.snapshot_id,
        publication.fingerprint,
        publication.published_at,
        json.dumps(dict(publication.verified)),
        publication.customers,
    )


def last_publication(ledger: Ledger) -> Publication | None:
    """The snapshot that readers have now."""
    row = ledger.row("SELECT * FROM publication ORDER BY published_at DESC, rowid DESC LIMIT 1")
    if row is None:
        return None
    return Publication(
        row["snapshot_id"], row["fingerprint"], row["published_at"], json.loads(row["verified"]), row["customers"]
    )
