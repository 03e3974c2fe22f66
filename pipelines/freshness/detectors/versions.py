"""Versions: do rows come once, in their order, and from a source that moves forward?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from connectors.cursors import source_value
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.detectors.looks import is_announced
from pipelines.freshness.detectors.source_times import told_behind
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import Batch, FeedHistory, SourceAnswer
from pipelines.ledger.batches import higher_numbers
from pipelines.ledger.evidence import Verdict

# A few rows twice, or late, are everyday dirt; so many in a hundred are a delivery that went wrong.
FEW_ROWS, FEW_SHARE = 5, 0.05
# A change to so large a part of a table is no business event.
RESTAMPED_ROWS, RESTAMPED_SHARE = 1_000, 0.5
# Nor are, in a smaller one, so many rows that are deleted, or get a new time of change and nothing else.
TOUCHED_ROWS = 100


@detects("duplicate_rows")
def duplicate_rows(history: FeedHistory) -> Iterator[Finding]:
    """Deliveries hold many of their own rows twice (mode C3). One of each is staged."""
    staged = [batch for batch in history.recent_batches if batch.rows_in is not None]
    if not staged:
        yield Finding(history.feed, "duplicate_rows", "UNKNOWN", "nothing was staged of late")
        return
    worst = max(staged, key=lambda batch: (_is_many(batch.rows_duplicate, batch), batch.rows_duplicate or 0))
    double = worst.rows_duplicate or 0
    verdict: Verdict = "FAIL" if _is_many(double, worst) else "PASS"
    fact = f"{double:,} of {worst.rows_in or 0:,} rows of {worst.batch_id} are there more than once"
    at = worst.landed_at if verdict == "FAIL" else staged[-1].landed_at
    yield Finding(history.feed, "duplicate_rows", verdict, fact, rows=double, onset=at, evidence_at=at)


@detects("regressions")
def regressions(history: FeedHistory) -> Iterator[Finding]:
    """Versions arrive that are older than what is here (mode C4). They are refused, so nothing is overwritten.

    A file that fills a gap in the sender's numbers was missed by name (`sequence_gap`): its old rows are no news.
    """
    staged = [batch for batch in history.recent_batches if batch.rows_in is not None and not _is_late(history, batch)]
    if not staged:
        yield Finding(history.feed, "regressions", "UNKNOWN", "nothing was staged of late")
        return
    worst = max(staged, key=lambda batch: (_is_many(batch.rows_refused, batch), batch.rows_refused or 0))
    refused = worst.rows_refused or 0
    verdict: Verdict = "FAIL" if _is_many(refused, worst) else "WARN" if refused else "PASS"
    fact = f"{refused:,} of {worst.rows_in or 0:,} rows of {worst.batch_id} are older than what was here"
    at = worst.landed_at if refused else staged[-1].landed_at
    is_told = refused and not is_announced(history, "backfill")
    yield Finding(
        history.feed, "regressions", verdict if is_told else "PASS", fact, rows=refused, onset=at, evidence_at=at
    )


@detects("bulk_restamp")
def bulk_restamp(history: FeedHistory) -> Iterator[Finding]:
    """The source changed most rows of a table within one read (mode F6), or deleted more of them than the contract lets
    go at once (mode C5): it was migrated, emptied or stamped anew."""
    is_whole = history.contract.source.kind == "sql"  # an endpoint counts the rows of one answer
    counted = [answer for answer in history.answers if answer.row_count and is_whole]
    staged = [batch for batch in history.recent_batches if batch.rows_changed is not None]
    if history.contract.cursor is None or not counted or not staged:
        fact = "no changes that could be held against the size of its source"
        yield Finding(history.feed, "bulk_restamp", "UNKNOWN", fact)
        return
    rows = counted[-1].row_count or 0
    worst = max(_bulk_changes(history, staged, rows), key=lambda change: change.rows, default=None)
    if worst is None:
        fact = f"no read changed most of the {rows:,} rows of the source"
        yield Finding(history.feed, "bulk_restamp", "PASS", fact, evidence_at=staged[-1].landed_at)
        return
    at = worst.batch.landed_at
    fact = f"{worst.batch.batch_id} {worst.words} {worst.rows:,} rows; the source has {rows:,}"
    if is_announced(history, "backfill", "volume"):
        yield Finding(history.feed, "bulk_restamp", "PASS", f"{fact}, as announced", evidence_at=staged[-1].landed_at)
        return
    yield Finding(history.feed, "bulk_restamp", "FAIL", fact, rows=worst.rows, onset=at, evidence_at=at)


class _BulkChange(NamedTuple):
    batch: Batch
    words: str
    rows: int


def _bulk_changes(history: FeedHistory, staged: Sequence[Batch], rows: int) -> Iterator[_BulkChange]:
    """What batches did to most of so many rows. To stamp them anew again and again is a habit of the source."""
    most = rows * RESTAMPED_SHARE
    habit = [one for one in history.staged_batches if _stamped(history, one) >= max(TOUCHED_ROWS, most)]
    for batch in staged:
        changed, deleted, stamped = batch.rows_changed or 0, batch.rows_deleted or 0, _stamped(history, batch)
        if deleted >= TOUCHED_ROWS and deleted > rows * history.contract.deletes.max_shrink:
            yield _BulkChange(batch, "deleted", deleted)
        elif changed >= max(RESTAMPED_ROWS, most):
            yield _BulkChange(batch, "changed", changed)
        elif batch in habit[:1]:
            yield _BulkChange(batch, "stamped anew", stamped)


def _stamped(history: FeedHistory, batch: Batch) -> int:
    """Rows of a batch of which nothing but the time of change was another."""
    return sum(one.rows for one in history.breaches.get(batch.batch_id, ()) if one.kind == "restamped")


@detects("lagging_replica")
def lagging_replica(history: FeedHistory) -> Iterator[Finding]:
    """The source shows an old heartbeat, or less and older rows than it had said before (mode B18): a copy behind.

    A newest row that was deleted looks like older rows once; a copy goes on at its distance.
    """
    words = "the heartbeat that it shows is of"
    if by_heartbeat := told_behind(history, "lagging_replica", lambda answer: answer.heartbeat, words):
        yield by_heartbeat
        return
    cursor = history.contract.cursor
    answers = [one for one in history.answers if one.newest is not None and one.row_count is not None]
    if cursor is None or history.contract.source.kind != "sql" or len(answers) < 2:
        yield Finding(history.feed, "lagging_replica", "UNKNOWN", "the source does not say how far its data reach")
        return
    values = [(source_value(cursor, one.newest), one) for one in answers]
    known = [(_comparable(value), one) for value, one in values if value is not None]
    lagging: list[tuple[float, SourceAnswer]] = []
    most = rows = float("-inf")
    for reached, answer in known:
        if reached < most and (answer.row_count or 0) < rows:
            lagging.append((reached, answer))
        else:
            most, rows, lagging = max(most, reached), float(answer.row_count or 0), []
    if not known:
        yield Finding(history.feed, "lagging_replica", "UNKNOWN", "what the source says of itself cannot be read")
    elif not lagging:
        fact = f"it reaches {known[-1][1].newest}, no less than before"
        yield Finding(history.feed, "lagging_replica", "PASS", fact, evidence_at=known[-1][1].probed_at)
    else:
        last = lagging[-1][1]
        is_moving = lagging[-1][0] > lagging[0][0]
        fact = f"it reaches {last.newest} with {last.row_count:,} rows, and had {rows:,.0f} that reached further"
        yield Finding(
            history.feed,
            "lagging_replica",
            "FAIL" if is_moving else "WARN",
            fact,
            onset=lagging[0][1].probed_at,
            evidence_at=last.probed_at,
        )


def _is_late(history: FeedHistory, batch: Batch) -> bool:
    """Whether files of its sender with higher numbers came before it."""
    if batch.sequence is None:
        return False
    former = [one for one in history.batches if one.batch_seq <= batch.batch_seq and one.sequence is not None]
    return bool(higher_numbers([(one.batch_seq, one.sequence or 0) for one in former]))


def _is_many(rows: int | None, batch: Batch) -> bool:
    return (rows or 0) >= FEW_ROWS and (rows or 0) >= (batch.rows_in or 0) * FEW_SHARE


def _comparable(value: object) -> float:
    return value.timestamp() if hasattr(value, "timestamp") else float(str(value))
