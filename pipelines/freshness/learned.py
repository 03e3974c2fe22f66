"""All that is learned of a feed: the signals that a training fits bands to."""

from __future__ import annotations

from pipelines.freshness.cadence import ARRIVALS
from pipelines.freshness.detectors import (
    cut_text,
    default_flood,
    drift,
    frozen,
    keys_merged,
    null_flood,
    old_events,
    scope_narrowed,
    shifted_times,
    slowing,
    unit_changed,
    unusual_volume,
)
from pipelines.freshness.signals import Signal

SIGNALS: tuple[Signal, ...] = (
    ARRIVALS,
    slowing.GAP,
    slowing.LAG,
    unusual_volume.ARRIVAL,
    unusual_volume.SOME_ARRIVALS,
    unusual_volume.DAY,
    frozen.UNCHANGED,
    old_events.AGE,
    old_events.OF_NEW,
    shifted_times.AGE,
    shifted_times.HOURS,
    scope_narrowed.SEGMENTS,
    null_flood.EMPTY,
    default_flood.TOP,
    default_flood.ZEROS,
    cut_text.AT_LONGEST,
    keys_merged.REPEATED,
    unit_changed.MEDIAN,
    unit_changed.LARGEST,
    unit_changed.SMALLEST,
    *drift.LEVELS,
    drift.SHARES,
)
