"""Clean lives of feeds as evidence alone: runs, batches and profiles as the ledger would hold them, from a seed.

A life holds what frightens detectors and is right: weekends, public holidays, both changes of the clock, month ends,
growth of 2 % a week, announced bursts ×20, backfills and outages, runs that fail now and then, nights with nothing, the
first weeks, a new column, late corrections, deletions, and one row in a hundred that is bad.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from rows import NEW_IN_FULL, Rows, draw_rows

from connectors.catalog import load_catalog
from connectors.contract import Announced, FeedContract, Watch
from pipelines.freshness.day_classes import public_holidays
from pipelines.freshness.history import Batch, Run, SourceAnswer

BERLIN = ZoneInfo("Europe/Berlin")
GROWTH = 1.02  # a week
MONTH_END, WEEKEND, HOLIDAY = 1.6, 0.45, 0.3
BURST = 20.0
# Share of the day's rows by local hour: little at night, a hill in the evening.
HOURS = np.array([1, 0.5, 0.3, 0.2, 0.3, 1, 2, 4, 6, 7, 7, 7, 7, 6, 6, 6, 7, 8, 9, 9, 8, 6, 4, 2])
HOURS = HOURS / HOURS.sum()


@dataclass(frozen=True)
class Kind:
    """A kind of feed: how often it is read and how many rows it has on a plain workday."""

    name: str
    schedule: str
    every: timedelta
    rows_a_day: float
    is_file: bool = False
    is_snapshot: bool = False
    rests_at_weekends: bool = False


KINDS = (
    Kind("quarter-hourly, 200 rows a time", "*/15 * * * *", timedelta(minutes=15), 19_200),
    Kind("quarter-hourly, 15 rows a time", "*/15 * * * *", timedelta(minutes=15), 1_440),
    Kind("quarter-hourly, 1 row a time", "*/15 * * * *", timedelta(minutes=15), 96, rests_at_weekends=True),
    Kind("hourly", "0 * * * *", timedelta(hours=1), 4_800),
    Kind("daily file", "0 6 * * *", timedelta(days=1), 2_000, is_file=True),
    Kind("daily full list", "0 4 * * *", timedelta(days=1), 3_000, is_file=True, is_snapshot=True),
)


@dataclass
class Life:
    """All that the ledger would hold of one feed's life; `lived` says for each batch the rows behind its profiles."""

    kind: Kind
    contract: FeedContract
    runs: list[Run] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    answers: list[SourceAnswer] = field(default_factory=list)
    lived: dict[str, Rows] = field(default_factory=dict)


def contract_of(kind: Kind, announced: tuple[Announced, ...] = ()) -> FeedContract:
    """The contract of orders, read as the kind is."""
    catalog = load_catalog()
    source = catalog["carrier.shipments"].source if kind.is_file else catalog["shop.orders"].source
    watch = Watch(calendar="DE", segments=("country",), announced=announced)
    delivery = "snapshot" if kind.is_snapshot else "incremental"
    changed = {"schedule": kind.schedule, "timezone": "Europe/Berlin", "watch": watch, "source": source}
    return catalog["shop.orders"].model_copy(update=changed | {"delivery": delivery})


def clean_life(kind: Kind, begins: datetime, days: int, seed: int) -> Life:
    """A life of so many days; the same seed gives the same life."""
    rng = np.random.default_rng([seed, days, round(kind.rows_a_day)])
    announced = _announced(rng, begins, days)
    life = Life(kind, contract_of(kind, announced))
    flow = _Flow(kind, rng, begins, announced)
    at, last = begins, begins
    pending, table = 0, round(kind.rows_a_day * 20)
    while at < begins + timedelta(days=days):
        is_out = any(one.kind == "outage" and one.begins <= at <= one.ends for one in announced)
        is_failed = is_out or rng.random() < 0.004
        run = _run(life, at, "FAILED" if is_failed else "OK")
        if not is_failed:
            pending = flow.rows_between(last, at)
            last = at
            rows = draw_rows(rng, pending, at, flow.day_shift(at), is_file=kind.is_file, late=flow.corrections(at))
            if kind.is_snapshot:
                pending = round(kind.rows_a_day * 1.02 ** ((at - begins).days / 7))
                rows = draw_rows(rng, pending, at, flow.day_shift(at), is_file=True, late=0.0, new=NEW_IN_FULL)
            table += pending
            if pending:
                add_batch(life, rng, at, rows, run)
            newest = life.batches[-1].cursor_after if life.batches and not kind.is_file else None
            life.answers.append(SourceAnswer(run.run_id, at, "sqlite:shop", at, table, newest))
            run = replace(run, status="OK" if pending else "EMPTY_OK", rows_landed=pending)
        life.runs.append(run)
        at = _next(kind, at, rng)
    return life


def add_batch(life: Life, rng: np.random.Generator, at: datetime, rows: Rows, run: Run) -> Batch:
    """Put one batch with its rows into a life."""
    seq, count = len(life.batches) + 1, rows.count
    reached = (at - timedelta(seconds=float(rng.exponential(200)))).isoformat()
    unchanged = round(count * 0.97) if life.kind.is_snapshot else int(rng.binomial(count, 0.01))
    changed = int(rng.binomial(count - unchanged, 0.5 if life.kind.is_snapshot else 0.35))
    held = int(rng.binomial(count - unchanged - changed, 0.01))
    batch = Batch(
        batch_id=f"{life.contract.feed}-{seq:08d}",
        batch_seq=seq,
        run_id=run.run_id,
        label="orders",
        state="staged",
        row_count=count,
        content_sha256=f"sha-{seq}",
        cursor_high=reached,
        cursor_after=reached,
        landed_at=at,
        staged_at=at + timedelta(minutes=1),
        rows_in=count,
        rows_new=count - unchanged - changed - held,
        rows_changed=changed,
        rows_unchanged=unchanged,
        rows_quarantined=held,
        rows_duplicate=0,
        rows_refused=0,
        rows_deleted=int(rng.binomial(count, 0.002)),
    )
    life.batches.append(batch)
    life.lived[batch.batch_id] = rows
    return batch


class _Flow:
    """How many rows come when: rhythm, growth, special days, and the chance of days and hours."""

    def __init__(
        self, kind: Kind, rng: np.random.Generator, begins: datetime, announced: tuple[Announced, ...]
    ) -> None:
        self.kind, self.rng, self.begins, self.announced = kind, rng, begins, announced
        self.days: dict[object, tuple[float, float, float]] = {}  # factor of the day, shift of shares, quiet night
        self.hourly = 0.0

    def rows_between(self, last: datetime, at: datetime) -> int:
        """Rows that the source gained between two reads."""
        expected, moment = 0.0, last
        while moment < at:
            step = min(timedelta(minutes=15), at - moment)
            self.hourly = 0.97 * self.hourly + float(self.rng.normal(0, 0.035))
            expected += self._a_day(moment) * HOURS[moment.astimezone(BERLIN).hour] * (step / timedelta(hours=1))
            moment += step
        return int(self.rng.poisson(expected * np.exp(self.hourly)))

    def day_shift(self, at: datetime) -> float:
        """How far shares lie off on a day, in logits."""
        return self._day(at)[1] + (0.15 if at.astimezone(BERLIN).weekday() >= 5 else 0.0)

    def corrections(self, at: datetime) -> float:
        """Share of rows that are corrections of old ones: few always, many now and then, most in a backfill."""
        if any(one.kind == "backfill" and one.begins <= at <= one.ends for one in self.announced):
            return 0.9
        return float(self.rng.uniform(0.1, 0.4)) if self.rng.random() < 0.03 else 0.02

    def _a_day(self, moment: datetime) -> float:
        local = moment.astimezone(BERLIN)
        factor, _, quiet = self._day(moment)
        rows = self.kind.rows_a_day * factor * GROWTH ** ((moment - self.begins).days / 7)
        if local.date() in public_holidays("DE", local.year):
            rows *= HOLIDAY
        elif local.weekday() >= 5:
            rows *= 0.0 if self.kind.rests_at_weekends else WEEKEND
        elif (local + timedelta(days=1)).day == 1:
            rows *= MONTH_END
        if quiet and local.hour < 6:
            return 0.0
        if any(one.kind in ("volume", "backfill") and one.begins <= moment <= one.ends for one in self.announced):
            rows *= BURST
        return rows

    def _day(self, moment: datetime) -> tuple[float, float, float]:
        day = moment.astimezone(BERLIN).date()
        if day not in self.days:
            chance = self.rng
            self.days[day] = (
                float(np.exp(chance.normal(0, 0.1))),
                float(np.clip(chance.normal(0, 0.1), -0.3, 0.3)),
                float(chance.random() < 0.1),
            )
        return self.days[day]


def _announced(rng: np.random.Generator, begins: datetime, days: int) -> tuple[Announced, ...]:
    """Every other week a burst; a backfill and an outage in every life."""
    found = []
    for kind, on, hours in (
        *(("volume", int(day), 3.0) for day in range(10, days, 14)),
        ("backfill", days // 2, 2.0),
        ("outage", days // 3, 7.0),
        ("columns", days // 4, 24.0),
    ):
        at = begins + timedelta(days=on, hours=float(rng.uniform(0, 16)))
        found.append(Announced(kind=kind, begins=at, ends=at + timedelta(hours=hours), note=f"planned {kind}"))
    return tuple(found)


def _run(life: Life, at: datetime, status: str) -> Run:
    return Run(
        run_id=f"run-{len(life.runs):06d}",
        kind="live",
        status=status,
        contract_version=life.contract.version if not life.runs else life.runs[0].contract_version,
        started_at=at,
        ended_at=at + timedelta(seconds=20),
        clock_offset_seconds=0.0,
    )


def _next(kind: Kind, at: datetime, rng: np.random.Generator) -> datetime:
    """The next read: on time but for some seconds; daily ones by the clock on the wall."""
    if kind.every >= timedelta(days=1):
        local = at.astimezone(BERLIN)
        due = datetime(local.year, local.month, local.day, 6, tzinfo=BERLIN) + kind.every
        return (due + timedelta(minutes=float(rng.exponential(10)))).astimezone(UTC)
    slots = (at.timestamp() // kind.every.total_seconds() + 1) * kind.every.total_seconds()
    return datetime.fromtimestamp(slots + float(rng.uniform(0, 30)), UTC)
