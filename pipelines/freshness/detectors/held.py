"""Held: what is kept out of staging, and for how long already."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.detectors.looks import trouble_of_last_run
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory

# A held batch is a feed's whole delivery; a held row is one among many, and every source has some.
BATCH_FORGOTTEN = timedelta(days=2)
ROWS_FORGOTTEN = timedelta(days=30)


@detects("shrunk")
def shrunk(history: FeedHistory) -> Iterator[Finding]:
    """A full delivery is empty, or lacks more rows than may be gone at once (mode B20). It is held."""
    held = [batch for batch in history.batches if batch.state == "held"]
    full = [batch for batch in history.batches if batch.state == "staged"]
    if held:
        last = held[-1]
        fact = last.held_reason or f"{last.batch_id} is held"
        yield Finding(
            history.feed,
            "shrunk",
            "FAIL",
            fact,
            rows=last.row_count,
            onset=held[0].landed_at,
            evidence_at=last.landed_at,
        )
    elif history.contract.delivery != "snapshot":
        yield Finding(history.feed, "shrunk", "UNKNOWN", "it is never delivered in full")
    else:
        found = trouble_of_last_run(history, "shrunk", ("emptied",))
        is_unseen = found.verdict == "PASS" and not full
        yield Finding(history.feed, "shrunk", "UNKNOWN", "nothing was delivered yet") if is_unseen else found


@detects("quarantine_forgotten")
def quarantine_forgotten(history: FeedHistory) -> Iterator[Finding]:
    """What is held waits for somebody who does not come (mode G10)."""
    batches = [batch for batch in history.batches if batch.state == "held"]
    old = [batch for batch in batches if history.now - batch.landed_at > BATCH_FORGOTTEN]
    if old:
        fact = f"{old[0].batch_id} is held since {old[0].landed_at:%Y-%m-%d}: {old[0].held_reason}"
        rows = sum(batch.row_count for batch in old)
        onset = old[0].landed_at + BATCH_FORGOTTEN
        yield Finding(
            history.feed, "quarantine_forgotten", "FAIL", fact, rows=rows, onset=onset, evidence_at=history.now
        )
    elif history.counted_at is None:
        yield Finding(history.feed, "quarantine_forgotten", "UNKNOWN", "nothing was ever judged")
    elif history.held_since is not None and history.now - history.held_since > ROWS_FORGOTTEN:
        fact = f"{history.held_rows:,} rows are held, the first since {history.held_since:%Y-%m-%d}"
        yield Finding(
            history.feed,
            "quarantine_forgotten",
            "WARN",
            fact,
            rows=history.held_rows,
            onset=history.held_since + ROWS_FORGOTTEN,
            evidence_at=history.now,
        )
    else:
        fact = f"{history.held_rows:,} rows are held, none of them for long"
        yield Finding(history.feed, "quarantine_forgotten", "PASS", fact, evidence_at=history.now)
