"""How often learned detectors cry wolf on clean lives, and how soon they see faults: on evidence alone, in minutes.

    .venv/bin/python benchmarks/feeds/clean_evidence.py               five seeds, all kinds of feeds
    .venv/bin/python benchmarks/feeds/clean_evidence.py --days 30 --seeds 1

Lives are made by `clean_life.py`, faults by `evidence_faults.py`; the detectors are those of the product, trained once
a day as there. An alert opens when as many looks at newer evidence fail in a row as the catalogue says (two; one for
what is late and for facts); single failing looks are counted too.
"""

from __future__ import annotations

import argparse
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from clean_life import KINDS, Kind, Life, clean_life
from evidence_faults import FAULTS, Fault
from intervals import poisson, wilson
from rows import profiles_of

from pipelines.freshness.evaluate import LEARNED_DETECTORS
from pipelines.freshness.failures import load_failures
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import SPAN, FeedHistory
from pipelines.freshness.learned import SIGNALS
from pipelines.freshness.training import FailedSpan, train
from pipelines.ledger.band_models import BandModel

# Lives begin so that both changes of the clock, Christmas, Easter and the holidays of May lie in them.
BEGINS = tuple(
    datetime(*day, tzinfo=UTC) for day in ((2026, 2, 23), (2026, 9, 21), (2025, 11, 24), (2026, 3, 16), (2026, 4, 20))
)
DAYS, DAYS_OF_DAILY = 50, 200
# Feeds of one row a time have nothing to show within three syncs.
SYNCS = 3
FAULTS_A_LIFE = 4

Bands = dict[tuple[str, str], BandModel]


@dataclass
class Tally:
    """False alarms of clean syncs and detections of faults."""

    syncs: Counter[str] = field(default_factory=Counter)
    looks: Counter[str] = field(default_factory=Counter)
    alerts: Counter[str] = field(default_factory=Counter)
    told: dict[tuple[str, str, float], list[bool]] = field(default_factory=dict)
    right: dict[tuple[str, str, float], list[bool]] = field(default_factory=dict)
    seconds: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count what another life came to as well."""
        for name in ("syncs", "looks", "alerts", "seconds"):
            getattr(self, name).update(getattr(other, name))
        for mine, its in ((self.told, other.told), (self.right, other.right)):
            for key, found in its.items():
                mine.setdefault(key, []).extend(found)
        self.examples += other.examples


class Watched:
    """A life as it is watched: its evidence at any sync, and bands trained once a day, beside failures of that time."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self.profiles = {batch_id: profiles_of(rows, batch_id) for batch_id, rows in life.lived.items()}
        self.starts = [run.started_at for run in life.runs]
        self.arrivals = [batch.landed_at for batch in life.batches]
        self.failed: list[FailedSpan] = []
        self.trained_at: datetime | None = None
        self.bands: Bands = {}

    def at(self, now: datetime) -> FeedHistory:
        """The evidence at a moment, bands not yet in it."""
        life, oldest = self.life, now - SPAN
        run_from, run_to = np.searchsorted(self.starts, [oldest, now + timedelta(seconds=1)])  # type: ignore[call-overload]
        first, last = np.searchsorted(self.arrivals, [oldest, now + timedelta(seconds=1)])  # type: ignore[call-overload]
        probed = bisect_right(life.answers, now, key=lambda one: one.probed_at)
        return FeedHistory(
            contract=life.contract,
            now=now,
            runs=tuple(life.runs[run_from:run_to]),
            batches=tuple(life.batches[first:last]),
            answers=tuple(life.answers[max(0, probed - 30) : probed]),
            marks={},
            held_rows=0,
            profiles=self.profiles,
        )

    def looked_at(self, now: datetime) -> FeedHistory:
        """The evidence at a moment with the bands that are current then."""
        history = self.at(now)
        if self.trained_at is None or now - self.trained_at >= timedelta(days=1):
            self.bands = {(one.failure, one.segment): one for one in train(history, SIGNALS, self.failed, 1)}
            self.trained_at = now
        return replace(history, bands=self.bands)


def sweep(watched: Watched, tally: Tally) -> list[tuple[datetime, Bands]]:
    """Look after every sync of a clean life; the bands of each day, for faults to be put there."""
    kind = watched.life.kind.name
    run_of: Counter[tuple[str, str]] = Counter()
    newest: dict[tuple[str, str], datetime | None] = {}
    opened: set[tuple[str, str]] = set()
    days: list[tuple[datetime, Bands]] = []
    for run in watched.life.runs:
        now = run.started_at + timedelta(seconds=30)
        began = time.process_time()
        trained_before = watched.trained_at
        history = watched.looked_at(now)
        looked = time.process_time()
        found = list(asked(history))
        tally.seconds["looking"] += time.process_time() - looked  # type: ignore[assignment]
        tally.seconds["training and slicing"] += looked - began  # type: ignore[assignment]
        tally.syncs[kind] += 1
        if trained_before != watched.trained_at:
            days.append((now, watched.bands))
        failing = {(one.failure, one.segment): one for one in found if one.verdict == "FAIL"}
        for key, one in failing.items():
            if newest.get(key) == one.evidence_at:
                continue
            newest[key] = one.evidence_at
            run_of[key] += 1
            tally.looks[one.failure] += 1
            watched.failed.append(FailedSpan(*key, one.onset or now, now))
            is_enough = one.is_exact or run_of[key] >= load_failures()[one.failure].successive
            if is_enough and key not in opened:
                opened.add(key)
                tally.alerts[one.failure] += 1
                tally.examples.append(f"{kind}: {now:%Y-%m-%d %H:%M} {one.failure} {one.segment}: {one.reason}")
        fresh = {one.failure for one in found if one.verdict == "PASS"}
        for key in list(run_of):
            if key not in failing and (key[0] in fresh or len(failing)):
                del run_of[key]
                opened.discard(key)
    return days


def asked(history: FeedHistory) -> Iterator[Finding]:
    """What every learned detector says."""
    for detector in LEARNED_DETECTORS:
        yield from detector(history)


def damage(
    watched: Watched,
    days: list[tuple[datetime, Bands]],
    seed: int,
    tally: Tally,
    faults: Sequence[Fault] = FAULTS,
) -> None:
    """Put each fault at each severity into days of the life, and look after each of the next syncs with rows."""
    rng = np.random.default_rng(seed)
    life = watched.life
    onsets = [place for place, (at, _) in enumerate(days) if at > days[0][0] + timedelta(days=21)]
    for fault in faults:
        for severity in fault.severities:
            for place in rng.choice(onsets, FAULTS_A_LIFE):
                onset = days[place][0].replace(hour=7) + timedelta(days=1, hours=float(rng.uniform(0, 8)))
                told = _told(watched, days[place][1], fault, severity, onset, rng)
                if told is not None:
                    key = (fault.name, life.kind.name, severity)
                    tally.told.setdefault(key, []).append(bool(told))
                    tally.right.setdefault(key, []).append(bool(told & set(fault.told)))


def _told(
    watched: Watched, bands: Bands, fault: Fault, severity: float, onset: datetime, rng: np.random.Generator
) -> set[str] | None:
    """Failures told within three syncs of a fault; None where it falls into announced time or no rows come."""
    life = watched.life
    first = int(np.searchsorted(watched.arrivals, [onset])[0])  # type: ignore[call-overload]
    clean = life.batches[first : first + SYNCS]
    if len(clean) < SYNCS or any(
        one.begins <= clean[-1].landed_at <= one.ends for one in life.contract.watch.announced
    ):
        return None
    bad = Life(life.kind, life.contract, life.runs, life.batches[:first], life.answers, {})
    other = Watched.__new__(Watched)
    other.life, other.profiles, other.starts, other.bands = bad, dict(watched.profiles), watched.starts, bands
    other.arrivals = watched.arrivals
    told: set[str] = set()
    for batch in clean:
        rows = fault.damage(rng, life.lived[batch.batch_id], severity)
        unchanged = max(round(severity * rows.count), batch.rows_unchanged or 0) if fault.is_frozen else 0
        facts = {"rows_unchanged": unchanged} if fault.is_frozen else {}
        if fault.is_frozen and unchanged == batch.rows_unchanged:
            return None  # so many were unchanged anyway
        high = datetime.fromisoformat(batch.cursor_high or "") - fault.lag
        damaged = replace(
            batch,
            row_count=rows.count,
            rows_in=rows.count,
            cursor_high=high.isoformat(),
            **facts,
        )
        bad.batches = [*bad.batches, damaged]
        other.profiles[batch.batch_id] = profiles_of(rows, batch.batch_id)
        history = replace(other.at(batch.landed_at + timedelta(seconds=1)), bands=bands)
        told |= {one.failure for one in asked(history) if one.verdict == "FAIL"}
    return told


def report(tally: Tally) -> None:
    """Print what was seen."""
    syncs, looks, alerts = tally.syncs.total(), tally.looks.total(), tally.alerts.total()
    print(f"{syncs:,} clean syncs: " + ", ".join(f"{count:,} {kind}" for kind, count in tally.syncs.items()))
    for name, seconds in tally.seconds.items():
        print(f"{name}: {1000 * seconds / syncs:.2f} ms of processor time a sync")
    print("\n| Failure | alerts | per 1,000 syncs (95 %) | failing looks | per 1,000 |\n|---|---|---|---|---|")
    for name in sorted({*tally.looks, *tally.alerts}):
        print(_rate(name, tally.alerts[name], tally.looks[name], syncs))
    print(_rate("**all**", alerts, looks, syncs))
    for example in tally.examples[:40]:
        print("  ", example)
    print("\n| Fault | severity | told | rightly | of | share told (95 %) |\n|---|---|---|---|---|---|")
    for name, severity in dict.fromkeys((name, severity) for name, _, severity in tally.told):
        keys = [key for key in tally.told if (key[0], key[2]) == (name, severity)]
        told = [one for key in keys for one in tally.told[key]]
        right = [one for key in keys for one in tally.right[key]]
        low, high = wilson(sum(told), len(told))
        by_kind = ", ".join(f"{np.mean(tally.told[key]):.0%}" for key in keys)
        print(
            f"| {name} | {severity:.0%} | {sum(told)} | {sum(right)} | {len(told)} | "
            f"{np.mean(told):.0%} ({low:.0%} to {high:.0%}); {by_kind} |"
        )


def _rate(name: str, alerts: int, looks: int, syncs: int) -> str:
    low, high = (1000 * bound / syncs for bound in poisson(alerts))
    rate = f"{1000 * alerts / syncs:.3f} ({low:.3f} to {high:.3f})"
    return f"| {name} | {alerts} | {rate} | {looks} | {1000 * looks / syncs:.3f} |"


def days_of(kind: Kind, days: int) -> int:
    """A daily feed lives longer, so that it has syncs to show."""
    return days if kind.every < timedelta(days=1) else days * DAYS_OF_DAILY // DAYS


def main() -> None:
    """Sweep all kinds over the seeds, then damage them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--seeds", type=int, default=len(BEGINS))
    parser.add_argument("--kinds", type=int, nargs="*", default=range(len(KINDS)), help="places in KINDS")
    asked_for = parser.parse_args()
    tally = Tally()
    with ProcessPoolExecutor(max_workers=2) as pool:
        lives = [
            pool.submit(live, KINDS[place], days_of(KINDS[place], asked_for.days), seed)
            for seed in range(asked_for.seeds)
            for place in asked_for.kinds
        ]
        for one in lives:
            tally.add(one.result())
    report(tally)


def live(kind: Kind, days: int, seed: int) -> Tally:
    """One life, clean and then damaged."""
    tally = Tally()
    watched = Watched(clean_life(kind, BEGINS[seed % len(BEGINS)], days, seed))
    damage(watched, sweep(watched, tally), seed, tally)
    return tally


if __name__ == "__main__":
    main()
