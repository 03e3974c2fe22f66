"""The certificate of an erasure: what was touched, and what a search of the whole home found afterwards.

It names nobody: customers by ids that lead nowhere any more, everything else by counts.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from pipelines.erasure.kept import Kept
from pipelines.erasure.landed import FromLanding
from pipelines.erasure.remains import Search
from pipelines.ledger.database import stamp
from pipelines.ledger.erasures import Erasure


@dataclass(frozen=True)
class Certificate:
    """What became of one request. Rows are counted by feed or entity; `searched_for` counts values by kind.

    `named_by_others` counts rows of others that lost what they said of them, landed ones by feed, others by entity or
    table. Of these, as of landing, it counts what the attempt found that ended the erasure: one that was cut off may
    have done a part.
    """

    erasure_id: str
    customer_ids: tuple[str, ...]
    reason: str
    asked_by: str
    asked_at: str
    ended_at: str
    landed_batches: int
    landed_rows: dict[str, int]
    unreadable_lines: dict[str, int]
    staged_rows: dict[str, int]
    held_rows: dict[str, int]
    records: int
    redacted_texts: int
    snapshot_id: str
    searched_for: dict[str, int]
    searched_files: int
    searched_bytes: int
    found: dict[str, int]
    unread: tuple[str, ...]
    named_by_others: dict[str, int] = field(default_factory=dict)
    left_at_sources: dict[str, list[str]] = field(default_factory=dict)

    @staticmethod
    def of(
        asked: Erasure,
        now: datetime,
        landed: FromLanding,
        known: Kept,
        named: dict[str, int],
        redacted_texts: int,
        snapshot_id: str,
        search: Search,
    ) -> Certificate:
        """The certificate of a request that was carried out."""
        return Certificate(
            erasure_id=asked.erasure_id,
            customer_ids=asked.customer_ids,
            reason=asked.reason,
            asked_by=asked.asked_by,
            asked_at=stamp(asked.began_at),
            ended_at=stamp(now),
            landed_batches=landed.batches,
            landed_rows=landed.rows,
            unreadable_lines=landed.lines,
            staged_rows=known.gone.staged,
            held_rows=known.gone.held,
            records=known.gone.records,
            redacted_texts=redacted_texts,
            snapshot_id=snapshot_id,
            searched_for={
                "e-mail addresses": len(known.traces.emails),
                "telephone numbers": len(known.traces.phones),
                "names beside postal codes": len(known.traces.homes),
            },
            searched_files=search.files,
            searched_bytes=search.bytes,
            found={remain.place: remain.rows for remain in search.found},
            unread=search.unread,
            named_by_others=landed.redacted | named,
            left_at_sources=known.gone.left_at_sources,
        )

    @property
    def is_clean(self) -> bool:
        """Whether every file was searched and nothing was found. With nothing to search for, nothing is known."""
        return not self.found and not self.unread and sum(self.searched_for.values()) > 0

    def facts(self) -> dict[str, Any]:
        """As it is kept in the ledger."""
        return asdict(self)
