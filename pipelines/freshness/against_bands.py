"""Hold the newest readings of a signal against its bands: the one way from a learned band to a finding."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipelines.freshness.bands import LevelBand, from_parameters
from pipelines.freshness.day_classes import day_classes
from pipelines.freshness.finding import Fact, Finding
from pipelines.freshness.history import FeedHistory
from pipelines.freshness.ordinary import announcement_at
from pipelines.freshness.signals import Reading, Signal, column_of, read_parts
from pipelines.ledger.band_models import BandModel


@dataclass(frozen=True)
class Look:
    """One comparison of a value with a band. `excess` is how far beyond the nearer bound it lies, in band widths."""

    signal: Signal
    part: str
    at: datetime
    value: float
    rows: float
    low: float
    usual: float
    high: float
    is_beyond: bool
    excess: float
    model: BandModel

    def facts(self) -> dict[str, Fact]:
        """What explains an alert later, when the band has long been trained anew."""
        return {
            "part": self.part,
            "value": round(self.value, 6),
            "low": round(self.low, 6),
            "usual": round(self.usual, 6),
            "high": round(self.high, 6),
            "rows": round(self.rows),
            "model": self.model.version,
            "trained_on": self.model.n,
        }


def findings(history: FeedHistory, *signals: Signal) -> Iterator[Finding]:
    """A finding for each column (or other segment) that lies beyond a band of the signals, or one for the whole."""
    failure = signals[0].failure
    newest = history.batches[-1] if history.batches else None
    if newest is not None and (announced := announcement_at(history.contract, newest.landed_at)) is not None:
        yield Finding(history.feed, failure, "UNKNOWN", f"not held against what is usual: {announced.note}")
        return
    looks = [look for signal in signals for look in looks_of(history, signal)]
    if not looks:
        yield Finding(history.feed, failure, "UNKNOWN", "too little ordinary life yet to know what is usual")
        return
    beyond: dict[str, Look] = {}
    for look in sorted((look for look in looks if look.is_beyond), key=lambda look: look.excess):
        beyond[column_of(look.part)] = look  # the worst one stays
    for column, look in beyond.items():
        yield Finding(
            history.feed,
            failure,
            "FAIL",
            _told(look),
            segment=column,
            rows=round(look.rows),
            onset=look.at,
            evidence_at=look.at,
            evidence=look.facts(),
        )
    if not beyond:
        yield Finding(
            history.feed,
            failure,
            "PASS",
            f"{len(looks)} looks lie within what is usual",
            evidence_at=max(look.at for look in looks),
            evidence={"looks": len(looks), "model": looks[0].model.version},
        )


def looks_of(history: FeedHistory, signal: Signal, *, last: int = 1) -> Iterator[Look]:
    """The newest value of every part of a signal beside its band; parts without a band have none.

    `last`: so many newest values of a level, oldest first.
    """
    bands = history.bands_of.get(signal.failure)
    if not bands:
        return
    for part, readings in read_parts(signal, history, history.ordinary_batches).items():
        if readings and (model := bands.get(part)) is not None:
            yield from _looks(history, signal, readings, model, last)


def _looks(
    history: FeedHistory, signal: Signal, readings: Sequence[Reading], model: BandModel, last: int
) -> Iterator[Look]:
    band = from_parameters(model.parameters)
    if isinstance(band, LevelBand):
        classes = day_classes(history.contract.timezone, history.contract.watch.calendar)
        for one in readings[-last:]:
            of_class = classes.hour(one.at) if signal.is_by_hour else ""
            low, high = band.bounds(of_class, one.rows, signal.least)
            yield _look(signal, one, one.value, one.rows, (low, band.usual(of_class), high), model)
        return
    for count in signal.pooled:
        if count > len(readings):
            break
        pool = readings[-count:]
        rows = sum(one.rows for one in pool)
        low, high = band.bounds(round(rows), signal.least)
        share = sum(one.value for one in pool) / rows
        yield _look(signal, pool[-1], share, rows, (low, band.share, high), model)


def _look(
    signal: Signal,
    last: Reading,
    value: float,
    rows: float,
    band: tuple[float, float, float],
    model: BandModel,
) -> Look:
    low, usual, high = band
    over = (value - high) / (high - usual) if signal.side != "low" else -math.inf
    under = (low - value) / (usual - low) if signal.side != "high" else -math.inf
    excess = max(over, under)
    return Look(signal, last.part, last.at, value, rows, low, usual, high, excess > 0, excess, model)


def _told(look: Look) -> str:
    signal = look.signal
    column, _, fact = look.part.partition("/")
    of = f"{fact} of {column}" if fact else column or "the feed"
    if signal.kind == "share":
        high, low = min(look.high, 1.0), max(look.low, 0.0)
        return f"{signal.says} in {of}: {look.value:.1%} of {look.rows:,.0f} rows, usual is {low:.1%} to {high:.1%}"
    return f"{signal.says} in {of}: {_plain(look.value)}, usual is {_plain(look.low)} to {_plain(look.high)}"


def _plain(level: float) -> str:
    """A level, which is a signed logarithm of one more than the value, as the value."""
    return f"{math.copysign(math.expm1(min(abs(level), 50.0)), level):,.4g}"
