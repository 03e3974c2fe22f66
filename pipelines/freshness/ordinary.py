"""Which batches show ordinary life: those that bands learn from and are held against."""

from __future__ import annotations

import statistics
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from connectors.contract import Announced, FeedContract
from pipelines.freshness.blamed import Blamed, blamed_batches
from pipelines.freshness.status import next_due

if TYPE_CHECKING:
    from pipelines.freshness.history import Batch, Run

# What comes after a longer break than usual brings what piled up meanwhile.
CATCHING_UP = 1.75
# The usual break is taken from this many of the newest runs.
BREAKS = 50


def announcement_at(contract: FeedContract, moment: datetime, *, since: datetime | None = None) -> Announced | None:
    """What was announced for a moment, or for the span from `since` to it.

    New columns do not count: they change nothing that is learned.
    """
    for announced in contract.watch.announced:
        if announced.kind != "columns" and announced.begins <= moment and (since or moment) <= announced.ends:
            return announced
    return None


def learned_since(contract: FeedContract, now: datetime) -> datetime | None:
    """When life last became another one, by announcement: what came before says nothing of what is usual now."""
    ended = [one.ends for one in contract.watch.announced if one.kind == "change" and one.ends <= now]
    return max(ended, default=None)


def ordinary_batches(
    contract: FeedContract, runs: Sequence[Run], batches: Sequence[Batch], blames: Collection[Blamed] = ()
) -> Iterator[Batch]:
    """Batches of ordinary life, newest first.

    Left out are those that were announced, held or blamed, those of a backfill or replay, the first one of a feed (it
    brings all there is), and those that catch up after a run was missed or failed.
    """
    blamed = blamed_batches(batches, blames)
    by_id = {run.run_id: place for place, run in enumerate(runs)}
    usual = usual_break(runs)
    for batch in reversed(batches):
        place = by_id.get(batch.run_id or "")
        if batch.batch_seq == 1 or batch.kind != "live" or batch.staged_at is None or batch.state != "staged":
            continue
        if batch.batch_id in blamed or announcement_at(contract, batch.landed_at) is not None:
            continue
        if place is not None and (runs[place].kind != "live" or not _follows_ordinarily(contract, runs, place, usual)):
            continue
        yield batch


def usual_break(runs: Sequence[Run]) -> float:
    """Seconds that usually lie between the starts of two good runs; 0.0 before there are two."""
    starts = [run.started_at for run in runs[-BREAKS:] if run.is_good]
    breaks = [(after - before).total_seconds() for before, after in pairwise(starts)]
    return statistics.median(breaks) if breaks else 0.0


def _follows_ordinarily(contract: FeedContract, runs: Sequence[Run], place: int, usual: float) -> bool:
    """Whether no due run was missed or failed before this one, nor was anything announced for what it brings.

    Not so for the first run of the evidence, of which that is not known.
    """
    run = runs[place]
    for before in reversed(runs[max(0, place - BREAKS) : place]):
        if before.is_good:
            if announcement_at(contract, run.started_at, since=before.started_at) is not None:
                return False
            if (run.started_at - before.started_at).total_seconds() <= CATCHING_UP * usual:
                return True
            return next_due(contract, next_due(contract, before.started_at)) >= run.started_at
    return place == 0
