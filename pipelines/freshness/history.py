"""What the ledger knows about a feed, handed to every detector: the detectors ask no database (see `reading.py`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import islice

from connectors.contract import FeedContract
from pipelines.freshness.blamed import Blamed
from pipelines.freshness.ordinary import ordinary_batches
from pipelines.ledger.band_models import BandModel
from pipelines.ledger.breaches import BreachRecord
from pipelines.ledger.links import FollowDay, LinkDay, StagedCount, TotalDay
from pipelines.ledger.profiles import ColumnProfile
from pipelines.ledger.reconciles import TierResult

# Detectors compare with what came before: four weeks hold every hour of the week four times.
SPAN = timedelta(days=28)
# What is wrong with one batch or run is shown for a day, so that an hour's good ones do not hide it.
LATELY = timedelta(days=1)
# So many of the newest batches are held against what is usual.
BATCHES_LOOKED_AT = 12


@dataclass(frozen=True)
class Run:
    """One attempt to bring the feed up to date."""

    run_id: str
    kind: str
    status: str
    contract_version: str
    started_at: datetime
    ended_at: datetime | None = None
    window_lower: str | None = None
    window_upper: str | None = None
    cursor_before: str | None = None
    cursor_after: str | None = None
    clock_offset_seconds: float | None = None
    rows_landed: int = 0
    rows_reread: int = 0
    undeclared_columns: tuple[str, ...] = ()
    missing_columns: tuple[str, ...] = ()
    error_kind: str | None = None
    error: str | None = None
    rows_read: int | None = None
    rows_rejected: int | None = None
    rows_repeated: int | None = None
    credentials_end: datetime | None = None

    @property
    def is_good(self) -> bool:
        """Whether the source was read to the end of the window."""
        return self.status in ("OK", "EMPTY_OK")


@dataclass(frozen=True)
class Batch:
    """What detectors ask of one delivered unit, with where its rows went once it is staged (None until then)."""

    batch_id: str
    batch_seq: int
    run_id: str | None
    label: str
    state: str
    row_count: int
    landed_at: datetime
    kind: str = "live"
    staged_at: datetime | None = None
    held_reason: str | None = None
    reject_count: int = 0
    reread_count: int = 0
    future_count: int = 0
    claimed_rows: int | None = None
    content_sha256: str | None = None
    cursor_high: str | None = None
    cursor_after: str | None = None
    sequence: int | None = None
    business_date: str | None = None
    file_name: str | None = None
    ends_mid_line: bool | None = None
    rows_in: int | None = None
    rows_new: int | None = None
    rows_changed: int | None = None
    rows_unchanged: int | None = None
    rows_quarantined: int | None = None
    rows_duplicate: int | None = None
    rows_refused: int | None = None
    rows_deleted: int | None = None


@dataclass(frozen=True)
class SourceAnswer:
    """What the source said of itself, asked apart from the data; see `connectors.delivery.Probe`.

    `run_id` is None when nobody was about to read it.
    """

    run_id: str | None
    probed_at: datetime
    identity: str
    source_clock: datetime | None
    row_count: int | None
    newest: str | None
    lowest_key: str | None = None
    highest_key: str | None = None
    file_count: int | None = None
    newest_at: str | None = None
    sequence: int | None = None
    heartbeat: datetime | None = None
    fed_until: datetime | None = None


@dataclass(frozen=True)
class CredentialsSpan:
    """A span of time in which the source said the same of our credentials: accepted, denied or unknown."""

    verdict: str
    reason: str
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class Refusal:
    """A run that was turned away: another held the lease ('held'), or had taken it over meanwhile ('lost')."""

    reason: str
    holder: str
    refused_at: datetime


@dataclass(frozen=True)
class FeedHistory:
    """The evidence about one feed at one moment; sequences are oldest first and reach back `SPAN`.

    Runs and batches of reconciles are not among `runs` and `batches`: what they land is no arrival. What they compared
    is in `reconciles`.
    """

    contract: FeedContract
    now: datetime
    runs: tuple[Run, ...]
    batches: tuple[Batch, ...]
    answers: tuple[SourceAnswer, ...]
    marks: Mapping[tuple[str, str], datetime]  # (stage, clock) → high-water mark
    held_rows: int
    profiles: Mapping[str, Mapping[str, ColumnProfile]] = field(
        default_factory=dict
    )  # batch → canonical column → facts
    refusals: tuple[Refusal, ...] = ()
    heartbeat_at: datetime | None = None  # when the run that holds the feed's lease last got on
    is_worked_on: bool = False  # whether the holder of the feed's lease is alive
    published_at: datetime | None = None  # of the snapshot that readers have
    held_since: datetime | None = None  # of the oldest row in quarantine
    counted_at: datetime | None = None  # when the rows in quarantine were counted
    breaches: Mapping[str, Sequence[BreachRecord]] = field(default_factory=dict)  # batch → what was wrong in it
    codes_since: Mapping[tuple[str, str], datetime] = field(default_factory=dict)  # (column, code) → when it first came
    links: tuple[LinkDay, ...] = ()  # by column and day, as counted at the last refresh
    totals: tuple[TotalDay, ...] = ()
    followed: tuple[FollowDay, ...] = ()  # by column, day and age
    staged_count: StagedCount | None = None
    rules_since: datetime | None = None  # when the contract as it is was first in force
    failing_before_rules: tuple[str, ...] = ()  # what failed in the day before that
    bands: Mapping[tuple[str, str], BandModel] = field(default_factory=dict)  # (failure, part) → what is usual
    reconciles: tuple[TierResult, ...] = ()
    credentials: tuple[CredentialsSpan, ...] = ()
    blames: tuple[Blamed, ...] = ()  # set once the exact checks have spoken

    @property
    def feed(self) -> str:
        """The feed's name."""
        return self.contract.feed

    @cached_property
    def ordinary_batches(self) -> tuple[Batch, ...]:
        """The newest batches of ordinary life, oldest first: those that are held against what is usual."""
        found = ordinary_batches(self.contract, self.runs, self.batches, self.blames)
        return tuple(islice(found, BATCHES_LOOKED_AT))[::-1]

    @cached_property
    def staged_batches(self) -> list[Batch]:
        """Staged batches with rows, oldest first: those of which breaches were counted."""
        return [batch for batch in self.batches if batch.state == "staged" and batch.row_count]

    @cached_property
    def profiled_batches(self) -> list[Batch]:
        """Staged batches with profiles of their columns, oldest first."""
        return [batch for batch in self.staged_batches if batch.batch_id in self.profiles]

    @cached_property
    def recent_batches(self) -> list[Batch]:
        """Live batches of the last day; where there was none, those of the last run that landed any."""
        found, since = self.live_batches, self.now - LATELY
        last = found[-1] if found else None
        run_id = last.run_id if last is not None else None
        return [one for one in found if one is last or one.landed_at >= since or one.run_id == run_id is not None]

    @cached_property
    def bands_of(self) -> Mapping[str, Mapping[str, BandModel]]:
        """Failure → part → what is usual."""
        found: dict[str, dict[str, BandModel]] = {}
        for (failure, part), model in self.bands.items():
            found.setdefault(failure, {})[part] = model
        return found

    @cached_property
    def live_runs(self) -> tuple[Run, ...]:
        """Runs that tell how current the feed is: backfills do not."""
        return tuple(run for run in self.runs if run.kind == "live")

    @cached_property
    def ended_runs(self) -> tuple[Run, ...]:
        """Live runs that are over, however they ended."""
        return tuple(run for run in self.live_runs if run.status != "OPEN")

    @cached_property
    def good_runs(self) -> tuple[Run, ...]:
        """Live runs that read the source to the end of their window."""
        return tuple(run for run in self.ended_runs if run.is_good)

    @cached_property
    def live_batches(self) -> tuple[Batch, ...]:
        """Batches of live runs."""
        return tuple(batch for batch in self.batches if batch.kind == "live")
