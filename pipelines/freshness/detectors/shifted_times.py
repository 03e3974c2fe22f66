"""Shifted times: event times moved by whole or half hours, as when a time zone is lost or put on twice.

Arrival minus event is free of the clock on the wall, so that both changes of it in a year shift nothing there. The
profile over the hours of the day is compared in local time, and a rotation by one hour is never told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from pipelines.freshness import against_bands
from pipelines.freshness.against_bands import Look
from pipelines.freshness.detectors import dirt
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import Batch, FeedHistory
from pipelines.freshness.signals import Reading, Signal
from pipelines.ledger.breaches import BreachRecord

# The smallest shift that is told, in seconds: half an hour, less what arrival may vary.
SMALLEST_SHIFT = 25 * 60.0
# Zones lie whole quarters of an hour apart.
QUARTER_HOUR = 15 * 60
# The largest: two zones lie at most 26 hours apart (UTC-12 and UTC+14). What is older than that is old.
LARGEST_SHIFT = 26 * 3600.0
# Fewer events may all be late corrections.
FEWEST_EVENTS = 5
# Both of so many newest batches must be shifted.
BATCHES = 2
# A profile has turned when it fits so much better turned than as it is (correlations), and so many hours are off.
BETTER_TURNED = 0.3
FITS = 0.8
HOURS_OFF = 2


def newest_age(history: FeedHistory, batches: Sequence[Batch]) -> Iterator[Reading]:
    """Seconds from the newest event of a batch to its arrival."""
    for batch in batches:
        profile = history.profiles.get(batch.batch_id, {}).get(history.contract.canonical.event_time or "")
        if profile is not None and profile.high is not None and profile.rows - profile.nulls >= FEWEST_EVENTS:
            age = batch.landed_at.timestamp() - profile.high
            yield Reading(f"{profile.column}/age", batch.landed_at, age, profile.rows - profile.nulls)


def local_hours(history: FeedHistory, batches: Sequence[Batch]) -> Iterator[Reading]:
    """Events by hour of the local day."""
    zone = ZoneInfo(history.contract.timezone)
    for batch in batches:
        profile = history.profiles.get(batch.batch_id, {}).get(history.contract.canonical.event_time or "")
        if profile is None or profile.hours is None or not sum(profile.hours):
            continue
        offset = batch.landed_at.astimezone(zone).utcoffset()
        ahead = round(offset.total_seconds() / 3600) if offset else 0
        for hour, count in enumerate(profile.hours):
            yield Reading(f"{profile.column}/hour {(hour + ahead) % 24}", batch.landed_at, count, sum(profile.hours))


AGE = Signal(
    failure="shifted_times",
    kind="level",
    series=newest_age,
    least=SMALLEST_SHIFT,
    side="both",
    says="age of the newest event",
    is_by_hour=True,
)
HOURS = Signal(
    failure="shifted_times",
    kind="share",
    series=local_hours,
    least=0.02,
    side="both",
    says="share of the hour",
    pooled=(1,),
)


@detects("shifted_times")
def shifted_times(history: FeedHistory) -> Iterator[Finding]:
    """A step in the times of known rows, in arrival minus event, or a turned profile of the hours (modes A10, A11)."""
    known = _of_known_rows(history)
    if known is not None:
        yield known
        return
    ages = list(against_bands.looks_of(history, AGE, last=BATCHES))
    hours = list(against_bands.looks_of(history, HOURS))
    if not ages and not hours:
        yield from against_bands.findings(history, AGE, HOURS)
        return
    moved = steps(ages)
    if moved and max(map(abs, moved)) > LARGEST_SHIFT:
        fact = "events are further from where they usually lie than any zone explains"
        yield Finding(history.feed, "shifted_times", "UNKNOWN", fact, evidence_at=ages[-1].at)
    elif moved:
        yield _found(history, ages[-1], moved[-1] / 3600, "arrival minus event")
    elif (turned := _turned_by(hours)) is not None:
        yield _found(history, max(hours, key=lambda look: look.excess), float(turned), "the profile over the day")
    else:
        at = max(look.at for look in (*ages, *hours))
        yield Finding(history.feed, "shifted_times", "PASS", "event times lie where they usually do", evidence_at=at)


def _of_known_rows(history: FeedHistory) -> Finding | None:
    """Rows that were here have times that never change, and now lie one step of a time zone from where they lay."""
    batches, shifts = history.staged_batches, _steps_of_a_zone(history)
    if not batches or not shifts:
        return None
    seen = dirt.look(dirt.parts_of(batches, {batch_id: one.rows for batch_id, one in shifts.items()}), dirt.NEVER)
    if not seen.is_beyond:
        return None
    last = next(shifts[batch.batch_id] for batch in reversed(batches) if batch.batch_id in shifts)
    hours = int(last.code) / 3600
    words = f"that were here are shifted by {hours:+.1f} h"
    found = dirt.finding(history, "shifted_times", seen, words, segment=last.columns, evidence_at=batches[-1].landed_at)
    return replace(found, is_exact=True, evidence={**found.evidence, "shift_hours": round(hours, 2)})


def _steps_of_a_zone(history: FeedHistory) -> dict[str, BreachRecord]:
    """Batch → the rows in which times moved by one step that a zone explains."""
    return {
        batch_id: breach
        for batch_id, breaches in history.breaches.items()
        for breach in breaches
        if breach.kind == "shifted"
        and int(breach.code) % QUARTER_HOUR == 0
        and SMALLEST_SHIFT <= abs(int(breach.code)) <= LARGEST_SHIFT
    }


def steps(ages: Sequence[Look]) -> list[float]:
    """Seconds by which the newest batches all moved to one side of where they usually lie; none when one did not."""
    found = [look.value - look.usual for look in ages if look.is_beyond]
    return found if len(found) == BATCHES and min(found) * max(found) > 0 else []


def _turned_by(hours: Sequence[Look]) -> int | None:
    """Hours by which the profile is turned, or None when it fits best as it is, or is one hour off."""
    if sum(look.is_beyond for look in hours) < HOURS_OFF:
        return None
    usual, seen = np.zeros(24), np.zeros(24)
    for look in hours:
        hour = int(look.part.rpartition(" ")[2])
        usual[hour], seen[hour] = look.usual, look.value
    fits = [_correlation(np.roll(usual, turn), seen) for turn in range(24)]
    best = int(np.argmax(fits))
    turn = best if best <= 12 else best - 24
    if abs(turn) <= 1 or fits[best] < FITS or fits[best] - max(fits[0], fits[1], fits[-1]) < BETTER_TURNED:
        return None
    return turn


def _correlation(left: npt.NDArray[np.float64], right: npt.NDArray[np.float64]) -> float:
    spread = float(left.std() * right.std())
    return float(((left - left.mean()) * (right - right.mean())).mean()) / spread if spread else 0.0


def _found(history: FeedHistory, look: Look, hours: float, what: str) -> Finding:
    column, _, part = look.part.partition("/")
    return Finding(
        history.feed,
        "shifted_times",
        "FAIL",
        f"{what} of {column} is shifted by about {hours:+.1f} h",
        segment=column,
        rows=round(look.rows),
        onset=look.at,
        evidence_at=look.at,
        evidence=look.facts() | {"shift_hours": round(hours, 2), "part": part},
    )
