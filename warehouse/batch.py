"""What the modules that apply a batch know of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Batch:
    """What staging must know of a batch. Times are aware UTC.

    A release brings back held rows of a landed batch: it has a batch id of its own, names the landed batch in
    `release_of`, and carries that batch's `batch_seq` and `landed_at`, because its rows are as old as they are.
    `is_current` says that its rows are what the source held at `landed_at`: they stand against every earlier batch,
    whatever their change times say. `later_seqs` are earlier batches whose rows are newer all the same: those of files
    with a higher number of the sender, when this one comes late.
    """

    batch_id: str
    feed: str
    entity: str
    source_system: str
    batch_seq: int
    landed_at: datetime
    release_of: str | None = None
    is_current: bool = False
    later_seqs: tuple[int, ...] = ()

    @property
    def landed_batch_id(self) -> str:
        """The batch whose landing folder holds the rows."""
        return self.release_of or self.batch_id
