"""What the ledger knows about a feed, read once and handed to every detector: the detectors ask no database."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from functools import cached_property
from itertools import islice
from typing import Any, TypeVar

from connectors.contract import FeedContract
from pipelines.freshness.ordinary import ordinary_batches
from pipelines.ledger.band_models import BandModel, last_training, read_bands
from pipelines.ledger.breaches import BreachRecord, read_breaches
from pipelines.ledger.database import Ledger, moment, stamp
from pipelines.ledger.findings import failing_before
from pipelines.ledger.leases import is_held
from pipelines.ledger.links import (
    FollowDay,
    LinkDay,
    StagedCount,
    TotalDay,
    read_count,
    read_followed,
    read_links,
    read_totals,
)
from pipelines.ledger.profiles import ColumnProfile, profiles_by_batch
from pipelines.ledger.reconciles import TierResult, read_results

# Detectors compare with what came before: four weeks hold every hour of the week four times.
SPAN = timedelta(days=28)
RULES_BEFORE = timedelta(days=1)  # a contract that changes after that has nothing to do with a failure
MOST_RUNS = 3_000  # a run each 15 minutes over four weeks
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
    ended_at: datetime | None
    window_lower: str | None
    window_upper: str | None
    cursor_before: str | None
    cursor_after: str | None
    source_identity: str | None
    clock_offset_seconds: float | None
    rows_landed: int
    rows_reread: int
    undeclared_columns: tuple[str, ...]
    missing_columns: tuple[str, ...]
    error_kind: str | None
    error: str | None
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
    """One delivered unit, with where its rows went once it is staged (None until then)."""

    batch_id: str
    batch_seq: int
    run_id: str | None
    label: str
    state: str
    held_reason: str | None
    row_count: int
    reject_count: int
    claimed_rows: int | None
    content_sha256: str | None
    schema_fingerprint: str
    cursor_low: str | None
    cursor_high: str | None
    cursor_after: str | None
    sequence: int | None
    business_date: str | None
    source_identity: str
    landed_at: datetime
    staged_at: datetime | None
    file_name: str | None
    rows_in: int | None
    rows_new: int | None
    rows_changed: int | None
    rows_unchanged: int | None
    rows_quarantined: int | None
    rows_duplicate: int | None
    rows_refused: int | None
    rows_deleted: int | None
    kind: str = "live"
    reread_count: int = 0
    future_count: int = 0
    ends_mid_line: bool | None = None


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
    links: tuple[LinkDay, ...] = ()  # by column and day, as counted at the last refresh
    totals: tuple[TotalDay, ...] = ()
    followed: tuple[FollowDay, ...] = ()  # by column, day and age
    staged_count: StagedCount | None = None
    rules_since: datetime | None = None  # when the contract as it is was first in force
    failing_before_rules: tuple[str, ...] = ()  # what failed in the day before that
    bands: Mapping[tuple[str, str], BandModel] = field(default_factory=dict)  # (failure, part) → what is usual
    reconciles: tuple[TierResult, ...] = ()
    credentials: tuple[CredentialsSpan, ...] = ()

    @property
    def feed(self) -> str:
        """The feed's name."""
        return self.contract.feed

    @cached_property
    def ordinary_batches(self) -> tuple[Batch, ...]:
        """The newest batches of ordinary life, oldest first: those that are held against what is usual."""
        found = ordinary_batches(self.contract, self.runs, self.batches)
        return tuple(islice(found, BATCHES_LOOKED_AT))[::-1]

    @cached_property
    def bands_of(self) -> Mapping[str, Mapping[str, BandModel]]:
        """Failure → part → what is usual."""
        found: dict[str, dict[str, BandModel]] = {}
        for (failure, part), model in self.bands.items():
            found.setdefault(failure, {})[part] = model
        return found

    @property
    def live_runs(self) -> list[Run]:
        """Runs that tell how current the feed is: backfills do not."""
        return [run for run in self.runs if run.kind == "live"]

    @property
    def ended_runs(self) -> list[Run]:
        """Live runs that are over, however they ended."""
        return [run for run in self.live_runs if run.status != "OPEN"]


Made = TypeVar("Made")

_RUN_COLUMNS = ", ".join(one.name for one in fields(Run))
_BATCH_COLUMNS = ", ".join(f"{'t' if one.name.startswith('rows_') else 'b'}.{one.name}" for one in fields(Batch))


def read_history(ledger: Ledger, contract: FeedContract, now: datetime) -> FeedHistory:
    """The feed's evidence, from the ledger alone."""
    feed, since = contract.feed, stamp(now - SPAN)
    runs = ledger.rows(
        f"""SELECT {_RUN_COLUMNS} FROM feed_run WHERE feed = ? AND started_at >= ? AND kind <> 'reconcile'
            ORDER BY started_at DESC, run_id DESC LIMIT ?""",
        feed,
        since,
        MOST_RUNS,
    )
    batches = ledger.rows(
        f"""SELECT {_BATCH_COLUMNS}
           FROM feed_batch AS b LEFT JOIN stage_tally AS t ON t.batch_id = b.batch_id AND t.stage = 'staged'
           WHERE b.feed = ? AND (b.landed_at >= ? OR b.state <> 'staged') AND b.kind <> 'reconcile'
           ORDER BY b.batch_seq DESC LIMIT ?""",
        feed,
        since,
        MOST_RUNS,
    )
    answers = ledger.rows(
        "SELECT * FROM source_probe WHERE feed = ? AND probed_at >= ? ORDER BY probed_at DESC, rowid DESC LIMIT ?",
        feed,
        since,
        MOST_RUNS,
    )
    marks = ledger.rows(
        "SELECT stage, clock, max(value) AS value FROM high_water_mark WHERE feed = ? GROUP BY stage, clock", feed
    )
    held = ledger.row("SELECT * FROM quarantine_count WHERE feed = ?", feed)
    lease = ledger.row("SELECT renewed_at FROM lease WHERE resource = ?", f"feed:{feed}")
    refusals = ledger.rows(
        "SELECT * FROM lease_refusal WHERE feed = ? AND refused_at >= ? ORDER BY refused_at", feed, since
    )
    published = ledger.row("SELECT max(published_at) AS at FROM publication")
    breaches: dict[str, list[BreachRecord]] = {}
    for breach in read_breaches(ledger, feed, now - SPAN):
        breaches.setdefault(breach.batch_id, []).append(breach)
    rules = ledger.row("SELECT first_seen_at FROM feed_contract WHERE feed = ? AND version = ?", feed, contract.version)
    rules_since = _moment(rules["first_seen_at"]) if rules else None
    credentials = ledger.rows(
        "SELECT * FROM credentials_probe WHERE feed = ? AND last_at >= ? ORDER BY first_at", feed, since
    )
    return FeedHistory(
        contract=contract,
        now=now,
        runs=tuple(_run(row) for row in reversed(runs)),
        batches=tuple(_batch(row) for row in reversed(batches)),
        answers=tuple(_answer(row) for row in reversed(answers)),
        marks={(row["stage"], row["clock"]): _moment(row["value"]) for row in marks},
        held_rows=held["held"] if held else 0,
        profiles=profiles_by_batch(ledger, feed, now - SPAN),
        refusals=tuple(Refusal(row["reason"], row["holder"], _moment(row["refused_at"])) for row in refusals),
        heartbeat_at=moment(lease["renewed_at"]) if lease else None,
        is_worked_on=is_held(ledger, f"feed:{feed}", now),
        published_at=moment(published["at"]) if published else None,
        held_since=moment(held["oldest_at"]) if held else None,
        counted_at=moment(held["counted_at"]) if held else None,
        breaches=breaches,
        links=read_links(ledger, feed),
        totals=read_totals(ledger, feed),
        followed=read_followed(ledger, feed),
        staged_count=read_count(ledger, feed),
        rules_since=rules_since,
        failing_before_rules=tuple(failing_before(ledger, feed, contract.version, rules_since - RULES_BEFORE))
        if rules_since
        else (),
        bands={
            (model.failure, model.segment): model for model in read_bands(ledger, feed, last_training(ledger, feed)[0])
        },
        reconciles=tuple(read_results(ledger, feed, now - SPAN)),
        credentials=tuple(
            CredentialsSpan(row["verdict"], row["reason"], _moment(row["first_at"]), _moment(row["last_at"]))
            for row in credentials
        ),
    )


def _run(row: sqlite3.Row) -> Run:
    facts = _facts(row)
    facts["started_at"] = moment(facts["started_at"])
    facts["ended_at"] = moment(facts["ended_at"])
    facts["rows_landed"] = facts["rows_landed"] or 0
    facts["rows_reread"] = facts["rows_reread"] or 0
    facts["undeclared_columns"] = _names(facts["undeclared_columns"])
    facts["missing_columns"] = _names(facts["missing_columns"])
    facts["credentials_end"] = moment(facts["credentials_end"])
    return _made(Run, facts)


def _batch(row: sqlite3.Row) -> Batch:
    facts = _facts(row)
    facts["landed_at"] = datetime.fromisoformat(facts["landed_at"])
    facts["staged_at"] = moment(facts["staged_at"])
    if facts["ends_mid_line"] is not None:
        facts["ends_mid_line"] = bool(facts["ends_mid_line"])
    return _made(Batch, facts)


def _facts(row: sqlite3.Row) -> dict[str, Any]:
    """A row as a dictionary; asking it for each name apart would search its names each time."""
    return dict(zip(row.keys(), row, strict=True))


def _made(kind: type[Made], facts: dict[str, Any]) -> Made:
    """A record with all of its fields. There are tens of thousands: setting each through a frozen class is slow."""
    made = object.__new__(kind)
    vars(made).update(facts)
    return made


def _answer(row: sqlite3.Row) -> SourceAnswer:
    same = {name: row[name] for name in SourceAnswer.__dataclass_fields__ if name not in ("probed_at", "source_clock")}
    return SourceAnswer(**same, probed_at=_moment(row["probed_at"]), source_clock=moment(row["source_clock"]))


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(text.split(", ")) if text else ()


def _moment(text: str) -> datetime:
    found = moment(text)
    assert found is not None  # noqa: S101  (the column is NOT NULL)
    return found
