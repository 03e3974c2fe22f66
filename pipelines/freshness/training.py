"""Train the bands of a feed, at most once a day, on its ordinary life."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from pipelines.freshness.bands import fit_level, fit_share, to_parameters
from pipelines.freshness.cadence import fit_rate
from pipelines.freshness.day_classes import day_classes
from pipelines.freshness.failures import load_failures
from pipelines.freshness.history import Batch, FeedHistory
from pipelines.freshness.ordinary import learned_since, ordinary_batches
from pipelines.freshness.signals import Reading, Signal, read_parts
from pipelines.ledger.band_models import BandModel
from pipelines.ledger.profiles import ColumnProfile

# Fewer values than this say nothing of their spread (Elementary's minimum for an anomaly test).
FEWEST = 7
# The newest values of a series are looked at before they are learned: a fault must not become usual in its first hour.
HELD_OUT = 3
# A training looks at the profiles of so many batches.
PROFILES_LEARNED = 500
# Every day of the week must have been seen once.
SHORTEST = timedelta(days=7)


@dataclass(frozen=True)
class FailedSpan:
    """A time in which a failure was found: what came then is not what is usual."""

    failure: str
    segment: str
    begins: datetime
    ends: datetime


def train(
    history: FeedHistory, signals: Sequence[Signal], failed: Collection[FailedSpan], version: int
) -> list[BandModel]:
    """Bands of everything of the feed of which there is enough; what lies in `failed` spans is left out.

    A change that was announced lifts what failed before it: the old bands called the new life a failure.
    """
    ordinary = list(ordinary_batches(history.contract, history.runs, history.batches, history.blames))[::-1]
    history = replace(history, profiles=_some_profiles(history, ordinary))
    if (since := learned_since(history.contract, history.now)) is not None:
        ordinary = [batch for batch in ordinary if batch.landed_at >= since]
        failed = [span for span in failed if span.begins >= since]
    return [model for signal in signals for model in _trained(history, signal, ordinary, failed, version)]


def _trained(
    history: FeedHistory, signal: Signal, ordinary: Sequence[Batch], failed: Collection[FailedSpan], version: int
) -> Iterator[BandModel]:
    spans = [span for span in failed if span.failure in (signal.failure, *load_failures()[signal.failure].under)]
    left_out = len(history.batches) - len(ordinary)
    for part, readings in read_parts(signal, history, ordinary).items():
        kept = [one for one in readings[:-HELD_OUT] if not any(_covers(span, one) for span in spans)]
        if len(kept) < FEWEST or kept[-1].at - kept[0].at < SHORTEST - timedelta(hours=12):
            continue
        yield BandModel(
            failure=signal.failure,
            segment=part,
            version=version,
            span_days=round((kept[-1].at - kept[0].at).total_seconds() / 86_400, 1),
            n=len(kept),
            excluded=left_out + len(readings) - len(kept),
            parameters=_fitted(history, signal, kept),
        )


def _some_profiles(history: FeedHistory, ordinary: Sequence[Batch]) -> dict[str, Mapping[str, ColumnProfile]]:
    """Profiles of batches spread evenly over all: they are the bulk of the evidence, and some of them tell as much."""
    some = ordinary[:: -(-len(ordinary) // PROFILES_LEARNED) or 1]
    return {batch.batch_id: history.profiles.get(batch.batch_id, {}) for batch in some}


def _fitted(history: FeedHistory, signal: Signal, readings: Sequence[Reading]) -> dict[str, Any]:
    values = np.array([one.value for one in readings], dtype=np.float64)
    rows = np.array([one.rows for one in readings], dtype=np.float64)
    time_classes = day_classes(history.contract.timezone, history.contract.watch.calendar)
    days = len({time_classes.local_date(one.at) for one in readings})
    if signal.kind == "share":
        return to_parameters(fit_share(values, rows, days))
    classes = [time_classes.hour(one.at) if signal.is_by_hour else "" for one in readings]
    return to_parameters(fit_rate(values, classes) if signal.kind == "rate" else fit_level(values, rows, classes, days))


def _covers(span: FailedSpan, reading: Reading) -> bool:
    return span.begins <= reading.at <= span.ends and span.segment in ("", reading.part.partition("/")[0])
