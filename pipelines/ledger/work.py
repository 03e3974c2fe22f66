"""What work cost that is no run of a feed, by day: refreshes, and comparisons with sources."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pipelines.effort import Effort
from pipelines.ledger.database import Ledger, stamp


def record_work(
    ledger: Ledger,
    kind: Literal["refresh", "reconcile"],
    began_at: datetime,
    effort: Effort,
    *,
    feed: str = "",
    requests: int | None = None,
    byte_count: int | None = None,
) -> None:
    """Add one piece of work to its day, whether it came to its end or not."""
    ledger.write(
        """INSERT INTO work_day VALUES (?, ?, substr(?, 1, 10), 1, ?, ?, ?, ?)
           ON CONFLICT (kind, feed, day) DO UPDATE SET times = times + 1, requests = requests + excluded.requests,
               byte_count = byte_count + excluded.byte_count, wall_ms = wall_ms + excluded.wall_ms,
               cpu_ms = cpu_ms + excluded.cpu_ms""",
        kind,
        feed,
        stamp(began_at),
        requests,
        byte_count,
        *effort.milliseconds(),
    )
