"""Column profiles: what the values of a staged batch look like, column by column, without any value of a person."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from pipelines.ledger.database import Ledger, stamp


@dataclass(frozen=True)
class ColumnProfile:
    """One canonical column of one batch, over all rows that were read, quarantined ones included.

    None means that the column's type has no such fact. Numbers are as they are, times are epoch seconds (UTC).
    `top` is a hash of the most frequent value, never the value. `hours` counts times by hour of day (UTC).
    `age_p95` is the 95th percentile of arrival minus value, in seconds, for times.
    `longest` is the greatest length of a text and `at_longest` how many values have it. `damaged` counts texts with
    U+FFFD, C1 controls or UTF-8 read as Latin-1; `questioned` those with a '?' between letters. `low_days` counts times
    whose day of the month is at most 12. `segments` counts rows by value, for columns that the contract declares so.
    """

    batch_id: str
    column: str
    rows: int
    nulls: int
    distinct: int
    top: int | None = None
    top_count: int | None = None
    low: float | None = None
    high: float | None = None
    q05: float | None = None
    q50: float | None = None
    q95: float | None = None
    mean: float | None = None
    zeros: int | None = None
    hours: tuple[int, ...] | None = None
    age_p95: float | None = None
    low_days: int | None = None
    longest: int | None = None
    at_longest: int | None = None
    damaged: int | None = None
    questioned: int | None = None
    segments: dict[str, int] | None = None


def record_profiles(ledger: Ledger, feed: str, profiles: Iterable[ColumnProfile], now: datetime) -> None:
    """Write the profiles of a batch down; those of a batch profiled before stay as they are."""
    rows = []
    for profile in profiles:
        facts = {name: fact for name, fact in asdict(profile).items() if fact is not None}
        batch_id, column = facts.pop("batch_id"), facts.pop("column")
        rows.append((feed, batch_id, column, stamp(now), json.dumps(facts)))
    with ledger.transaction() as connection:
        connection.executemany("INSERT OR IGNORE INTO column_profile VALUES (?, ?, ?, ?, ?)", rows)


def read_profiles(ledger: Ledger, feed: str, since: datetime) -> list[ColumnProfile]:
    """Profiles of the feed's batches profiled since a moment, oldest first."""
    rows = ledger.rows(
        "SELECT * FROM column_profile WHERE feed = ? AND profiled_at >= ? ORDER BY profiled_at, batch_id, column_name",
        feed,
        stamp(since),
    )
    return [_profile(row["batch_id"], row["column_name"], json.loads(row["facts"])) for row in rows]


def _profile(batch_id: str, column: str, facts: dict[str, object]) -> ColumnProfile:
    if isinstance(hours := facts.get("hours"), list):
        facts["hours"] = tuple(hours)
    return ColumnProfile(batch_id=batch_id, column=column, **facts)  # type: ignore[arg-type]
