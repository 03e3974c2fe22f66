"""Column profiles: what the values of a staged batch look like, column by column, without any value of a person."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from pipelines.ledger.database import Ledger, stamp

_DIGITS = 11  # of a fact that is no whole number: epoch seconds to the second


@dataclass(frozen=True)
class ColumnProfile:
    """One canonical column of one batch, over the rows that were read, quarantined ones included.

    Of a large batch a sample is looked at, and `rows` counts the sample: compare shares, never counts.
    None means that the column's type has no such fact. Numbers are as they are, times are epoch seconds (UTC).
    `top` is a hash of the most frequent value, never the value. `hours` counts times by hour of day (UTC).
    `age_p95` is the 95th percentile of arrival minus value, in seconds, for times. `new_ages` are, of the event time,
    rows of keys that were never here by age at arrival: at k those of up to 2^k hours, and of over 2^(k-1).
    `longest` is the greatest length of a text and `at_longest` how many values have it. Most texts are of
    `common_length` letters or one fewer, the shortest of equals, and `at_common_length` are so many. `damaged` counts
    texts with U+FFFD, C1 controls or UTF-8 read as Latin-1; `questioned` those with a '?' between letters. `low_days`
    counts times whose day of the month is at most 12, `days` distinct days. `swapped` counts dates that are of the last
    three days before arrival only with day and month exchanged. `whole` counts numbers without a fraction; `large`
    texts that are whole numbers above 2^53, and `rounded` those of them that a double holds unchanged; `hundreds` texts
    that are whole numbers ending in 00. `wordless` counts texts without a letter, `digitless` those without a digit.
    `fillers` counts texts and days that forms and exports put where there is no value ('N/A', '0000', 1970-01-01).
    `segments` counts rows by value, for columns that the contract declares so.
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
    new_ages: tuple[int, ...] | None = None
    low_days: int | None = None
    days: int | None = None
    swapped: int | None = None
    whole: int | None = None
    large: int | None = None
    rounded: int | None = None
    hundreds: int | None = None
    wordless: int | None = None
    digitless: int | None = None
    fillers: int | None = None
    longest: int | None = None
    at_longest: int | None = None
    common_length: int | None = None
    at_common_length: int | None = None
    damaged: int | None = None
    questioned: int | None = None
    segments: dict[str, int] | None = None


_UNSAID = {one.name: None for one in fields(ColumnProfile)}


def record_profiles(ledger: Ledger, feed: str, profiles: Iterable[ColumnProfile], now: datetime) -> None:
    """Write the profiles of batches down; a batch that was profiled before stays as it is."""
    by_batch: dict[str, dict[str, dict[str, object]]] = {}
    for profile in profiles:
        facts = {name: _short(fact) for name, fact in vars(profile).items() if fact is not None}
        batch_id, column = facts.pop("batch_id"), facts.pop("column")
        by_batch.setdefault(str(batch_id), {})[str(column)] = facts
    with ledger.transaction() as connection:
        connection.executemany(
            "INSERT OR IGNORE INTO batch_profile VALUES (?, ?, ?, ?)",
            [(feed, batch_id, stamp(now), _packed(columns)) for batch_id, columns in by_batch.items()],
        )


def profiles_by_batch(ledger: Ledger, feed: str, since: datetime) -> Mapping[str, Mapping[str, ColumnProfile]]:
    """Batch → column → profile since a moment, oldest first. A batch is unpacked when it is asked for."""
    rows = ledger.tuples(
        """SELECT batch_id, columns FROM batch_profile WHERE feed = ? AND profiled_at >= ?
           ORDER BY batch_id""",
        feed,
        stamp(since),
    )
    return _Packed(dict(rows))


class _Packed(Mapping[str, Mapping[str, ColumnProfile]]):
    """Profiles as the ledger holds them. Most looks are at the newest few of some thousand batches."""

    def __init__(self, packed: Mapping[str, bytes]) -> None:
        self._packed = packed
        self._unpacked: dict[str, dict[str, ColumnProfile]] = {}

    def __getitem__(self, batch_id: str) -> dict[str, ColumnProfile]:
        if batch_id not in self._unpacked:
            columns = json.loads(zlib.decompress(self._packed[batch_id]))
            self._unpacked[batch_id] = {name: _profile(batch_id, name, facts) for name, facts in columns.items()}
        return self._unpacked[batch_id]

    def __contains__(self, batch_id: object) -> bool:
        return batch_id in self._packed

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)


def _packed(columns: Mapping[str, object]) -> bytes:
    return zlib.compress(json.dumps(columns, separators=(",", ":")).encode(), level=9)


def _short(fact: object) -> object:
    return float(f"{fact:.{_DIGITS}g}") if isinstance(fact, float) else fact


def _profile(batch_id: str, column: str, facts: dict[str, object]) -> ColumnProfile:
    """One profile, its fields set at once: a look unpacks ten thousand, and a frozen class sets each apart."""
    for counts in ("hours", "new_ages"):
        if isinstance(found := facts.get(counts), list):
            facts[counts] = tuple(found)
    profile = object.__new__(ColumnProfile)
    vars(profile).update(_UNSAID | facts, batch_id=batch_id, column=column)
    return profile
