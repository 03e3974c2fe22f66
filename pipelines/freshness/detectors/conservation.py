"""Conservation: the same rows are counted on both sides of every boundary, and the counts agree.

claimed = read; read = landed + rejected + reread; landed + rejected = new + changed + unchanged + quarantined +
duplicate + refused; and what is staged is published. The identities are those of batch controls (record counts of
ACH and X12 files), kept at each of our own boundaries.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import Batch, FeedHistory, Run

# A sync stages what it landed at once, and publishes what it staged within minutes.
STAGING_TIME = timedelta(minutes=15)
PUBLISHING_TIME = timedelta(hours=1)


@detects("rows_unaccounted")
def rows_unaccounted(history: FeedHistory) -> Iterator[Finding]:
    """Two counts of the same rows differ, or landed rows were never staged (modes B8, B17, C7)."""
    counted = [run for run in history.good_runs if run.rows_read is not None]
    if not counted and not history.batches:
        yield Finding(history.feed, "rows_unaccounted", "UNKNOWN", "no rows were counted yet")
        return
    lost: list[tuple[datetime, int, str]] = []
    lost += [(run.started_at, gap, f"{run.run_id}: {fact}") for run in counted for gap, fact in _of_run(run)]
    for batch in history.batches:
        lost += [(batch.landed_at, gap, f"{batch.batch_id}: {fact}") for gap, fact in _of_batch(batch, history)]
    seen = [run.started_at for run in counted] + [batch.landed_at for batch in history.batches]
    if lost:
        lost.sort()
        more = f", and {len(lost) - 1} more" if len(lost) > 1 else ""
        yield Finding(
            history.feed,
            "rows_unaccounted",
            "FAIL",
            lost[-1][2] + more,
            rows=sum(gap for _, gap, _ in lost),
            onset=lost[0][0],
            evidence_at=max(seen),
        )
    else:
        yield Finding(history.feed, "rows_unaccounted", "PASS", "every row is accounted for", evidence_at=max(seen))


@detects("publish_behind")
def publish_behind(histories: Mapping[str, FeedHistory]) -> Iterator[Finding]:
    """What was staged does not reach readers (mode C9).

    There is one published file, so one feed tells it: the one that has waited longest.
    """
    waiting = {feed: batch for feed, history in histories.items() if (batch := _unpublished(history)) is not None}
    oldest = min(waiting, key=lambda feed: (waiting[feed].staged_at or waiting[feed].landed_at, feed), default=None)
    for feed, history in histories.items():
        batch = waiting.get(feed)
        staged_at = batch.staged_at if batch is not None else None
        if staged_at is None:
            yield _published(history)
        elif feed == oldest and history.now - staged_at > PUBLISHING_TIME:
            others = f", as {len(waiting) - 1} other feeds do" if len(waiting) > 1 else ""
            fact = f"it has data staged at {staged_at:%Y-%m-%d %H:%M} UTC that readers do not have{others}"
            yield Finding(feed, "publish_behind", "FAIL", fact, onset=staged_at, evidence_at=history.now)
        else:
            fact = f"staged at {staged_at:%Y-%m-%d %H:%M} UTC and not published yet"
            yield Finding(feed, "publish_behind", "UNKNOWN", fact)


def _of_run(run: Run) -> Iterator[tuple[int, str]]:
    read, kept = run.rows_read or 0, run.rows_landed + (run.rows_rejected or 0) + run.rows_reread
    if read != kept:
        yield abs(read - kept), f"{read:,} rows were read, {kept:,} were landed, rejected or here already"


def _of_batch(batch: Batch, history: FeedHistory) -> Iterator[tuple[int, str]]:
    landed = batch.row_count + batch.reject_count
    if batch.claimed_rows is not None and batch.claimed_rows != landed + batch.reread_count:
        read = landed + batch.reread_count
        yield abs(batch.claimed_rows - read), f"the source claims {batch.claimed_rows:,} rows, {read:,} were read"
    if batch.state == "landed" and history.now - batch.landed_at > STAGING_TIME:
        yield landed, f"{landed:,} rows are landed and not staged"
    if batch.rows_in is None:
        return
    parts = (
        batch.rows_new,
        batch.rows_changed,
        batch.rows_unchanged,
        batch.rows_quarantined,
        batch.rows_duplicate,
        batch.rows_refused,
    )
    ended = sum(part or 0 for part in parts)
    if not landed == batch.rows_in == ended:
        most = max(abs(landed - batch.rows_in), abs(batch.rows_in - ended))
        yield most, f"{landed:,} rows were landed, {batch.rows_in:,} went into staging, {ended:,} ended somewhere"


def _unpublished(history: FeedHistory) -> Batch | None:
    """The oldest staged batch that changed something and that readers do not have."""
    for batch in history.batches:
        moved = any((batch.rows_new, batch.rows_changed, batch.rows_quarantined, batch.rows_deleted))
        is_after = history.published_at is None or (batch.staged_at or history.now) > history.published_at
        if batch.staged_at is not None and moved and is_after:
            return batch
    return None


def _published(history: FeedHistory) -> Finding:
    if history.published_at is None:
        return Finding(history.feed, "publish_behind", "UNKNOWN", "nothing was staged or published yet")
    fact = f"all that is staged was published at {history.published_at:%Y-%m-%d %H:%M} UTC"
    return Finding(history.feed, "publish_behind", "PASS", fact, evidence_at=history.published_at)
