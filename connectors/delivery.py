"""What a source hands over: Arrow batches, the bytes behind them, and what the source claims about both.

The three kinds of source (`sql.py`, `rest.py`, `files.py`) produce these; `landing.py` writes them down. Nothing here
knows where data goes next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import pyarrow as pa

# A negative number stands for what arrived beside the lines, such as a scan that no line names.
REJECT_SCHEMA = pa.schema([("line_number", pa.int64()), ("raw", pa.string()), ("reason", pa.string())])
Reject = tuple[int | None, str, str]


def rejects_table(rejects: Sequence[Reject]) -> pa.Table:
    """Lines or rows that could not be read, one row each, in REJECT_SCHEMA."""
    columns = list(zip(*rejects, strict=True)) or [(), (), ()]
    arrays = [pa.array(column, kind) for column, kind in zip(columns, REJECT_SCHEMA.types, strict=True)]
    return pa.table(arrays, REJECT_SCHEMA)


class FeedTrouble(Exception):
    """A feed could not be read, landed or judged: names the feed, the fact and the next step.

    `is_retryable` says whether trying again, with nothing changed, can help. `kind` is a short class name for the
    ledger. The source does not answer as it should: unreachable, limited (it asks to wait), denied, missing,
    error_page (an error where data belong), pages (its pages contradict each other), broken. A delivery is not whole:
    partial, truncated, totals (other sums than it claims), unfinished (still being written). The source is not what it
    was: other_source, rolled_back, emptied. On our side: contract, busy, held (a batch is kept out of staging), fenced
    (another run took over), stopped, storage.
    """

    def __init__(self, feed: str, fact: str, next_step: str, *, kind: str, is_retryable: bool = False) -> None:
        self.feed, self.fact, self.next_step = feed, fact.rstrip("."), next_step
        self.kind, self.is_retryable = kind, is_retryable
        super().__init__(f"{feed}: {self.fact}. {next_step}")


@dataclass(frozen=True)
class Window:
    """The part of a source to read: cursor values from `lower` to `upper`, both inclusive; None is unbounded.

    Values above `future_from` (the source's clock plus the allowed skew) are read although they lie above `upper`, so
    that rows dated in the future are seen and held instead of staying invisible.
    """

    lower: datetime | int | None = None
    upper: datetime | int | None = None
    future_from: datetime | int | None = None


@dataclass(frozen=True)
class Part:
    """One piece of what arrived, a file or a page, as kept beside the batch."""

    name: str
    byte_count: int
    sha256: str
    row_count: int | None = None


@dataclass(frozen=True)
class FileIdentity:
    """How a source file is recognised again without reading it."""

    name: str
    byte_count: int
    modified_at: str


@dataclass(frozen=True)
class Receipt:
    """What is known about a delivery once all its rows were read.

    `undeclared_columns` are in the source but not in the contract; `ends_mid_line` says that a text file's last byte is
    no line end (None: not known).
    """

    parts: tuple[Part, ...] = ()
    claimed_rows: int | None = None
    claimed_totals: Mapping[str, Decimal] = field(default_factory=dict)
    other_claims: Mapping[str, str] = field(default_factory=dict)
    rejects: pa.Table = field(default_factory=lambda: REJECT_SCHEMA.empty_table())
    undeclared_columns: tuple[str, ...] = ()
    sequence: int | None = None
    business_date: str | None = None
    partial_reason: str | None = None
    ends_mid_line: bool | None = None
    source_file: FileIdentity | None = None


@dataclass(frozen=True)
class Delivery:
    """One delivery of one feed: a file, or one window of a table or endpoint.

    `reader` yields the contract's source columns in the types that the source gave and is consumed once; `receipt` may
    be called after that.
    """

    label: str
    reader: pa.RecordBatchReader
    receipt: Callable[[], Receipt]


@dataclass(frozen=True)
class Probe:
    """What the source says of itself, asked apart from the data. None means: not known, never: zero.

    `lowest_key` and `highest_key` are the extremes of a key of one column in the source's order, as text. Of a folder,
    `newest` is the name of the last file, `newest_at` when it was written and `sequence` the number in its header.
    `heartbeat` is what the primary wrote last, `fed_until` the time up to which the source was itself fed.
    """

    identity: str
    clock: datetime | None = None
    row_count: int | None = None
    newest: str | None = None
    lowest_key: str | None = None
    highest_key: str | None = None
    file_count: int | None = None
    newest_at: str | None = None
    sequence: int | None = None
    heartbeat: datetime | None = None
    fed_until: datetime | None = None


CredentialsVerdict = Literal["accepted", "denied", "unknown"]


@dataclass(frozen=True)
class Credentials:
    """Whether the source lets us in, asked without reading data. `reason` is for people and holds no secret."""

    verdict: CredentialsVerdict
    reason: str


@dataclass(frozen=True)
class Bucketing:
    """Closed time from `lower` up to but not including `upper`, cut into buckets of `width_us` microseconds.

    Moments are naive UTC, as cursor values are in DuckDB.
    """

    lower: datetime
    upper: datetime
    width_us: int


class SourceReader(Protocol):
    """A source opened under one contract."""

    def probe(self, *, before: datetime | None = None) -> Probe:
        """Identity, clock and extent of the source, by another query than the extract. Raises FeedTrouble.

        `newest` is not after `before`: one row dated in the future would stand for all that come after it.
        """
        ...

    def probe_credentials(self) -> Credentials:
        """Whether the source lets us in, without reading data. A source that cannot be asked is 'unknown'."""
        ...

    def deliveries(
        self, window: Window, *, is_landed: Callable[[FileIdentity], bool], raw_folder: Callable[[], Path]
    ) -> Iterator[Delivery]:
        """Deliveries that are not landed yet, oldest first. Bytes are kept in `raw_folder()`. Raises FeedTrouble."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


@runtime_checkable
class KeyedSource(Protocol):
    """A source whose rows can be asked for by key, and which may count and add up its own rows."""

    def rows_of_keys(self, keys: pa.Table) -> Iterator[Delivery]:
        """The rows that the source holds under these keys now; `keys` has the key's source columns, each as text.

        Raises FeedTrouble.
        """
        ...

    def digests(self, bucketing: Bucketing, totals: Sequence[str]) -> pa.Table | None:
        """One row a bucket that holds rows: bucket, row_count, check_sum, and an exact total per column of `totals`.

        Sums are decimal text. `check_sum` adds up the check values that `connectors.checksum` defines. None where the
        source cannot do this in a way that both sides agree on. Raises FeedTrouble.
        """
        ...


def credentials_of(trouble: FeedTrouble) -> Credentials:
    """What a failed try to connect says of the credentials: only a refusal denies them."""
    if trouble.kind == "denied":
        return Credentials("denied", trouble.fact)
    return Credentials("unknown", trouble.fact)
