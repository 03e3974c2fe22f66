"""Attempts: is the feed tried when it is due, do its runs end, and do they end well?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pipelines.freshness.detectors.behind import reads_behind
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.detectors.looks import is_next_too_late
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory
from pipelines.freshness.status import next_due

# A tick is late when the scheduler is busy; half an hour or a quarter of the interval, whichever is longer.
SHORTEST_SLACK = timedelta(minutes=30)
# One attempt that fails is common and is tried again; this many in a row are told.
FAILED_IN_A_ROW = 3


@detects("not_running")
def not_running(history: FeedHistory) -> Iterator[Finding]:
    """No attempt since the feed was due (mode A3). A schedule that stopped leaves no run, so only its absence tells."""
    if not history.live_runs:
        yield Finding(history.feed, "not_running", "UNKNOWN", "it was never tried")
        return
    last = history.live_runs[-1]
    due = next_due(history.contract, last.started_at)
    slack = max(SHORTEST_SLACK, (next_due(history.contract, due) - due) / 4)
    if history.now > due + slack:
        fact = f"it was due at {due:%Y-%m-%d %H:%M} UTC and the last attempt was at {last.started_at:%Y-%m-%d %H:%M}"
        yield Finding(history.feed, "not_running", "FAIL", fact, onset=due, evidence_at=history.now)
    else:
        fact = f"next due at {due:%Y-%m-%d %H:%M} UTC"
        yield Finding(history.feed, "not_running", "PASS", fact, evidence_at=last.started_at)


@detects("failing")
def failing(history: FeedHistory) -> Iterator[Finding]:
    """The last attempts failed (mode A2), counted by the ledger and not by whoever retries.

    A service that comes back with nothing although it has something has not recovered (mode G12).
    """
    ended = history.ended_runs
    if not ended:
        yield Finding(history.feed, "failing", "UNKNOWN", "no attempt has ended yet")
        return
    last_good = next((place for place, run in enumerate(reversed(ended)) if run.status != "FAILED"), len(ended))
    failed = ended[len(ended) - last_good :]
    if not failed and reads_behind(history):
        fact = "the last attempt ended well and left rows at the source"
        yield Finding(history.feed, "failing", "UNKNOWN", fact)
        return
    if not failed:
        yield Finding(history.feed, "failing", "PASS", "the last attempt ended well", evidence_at=ended[-1].started_at)
        return
    is_told = (
        len(failed) >= FAILED_IN_A_ROW
        or history.now - failed[0].started_at > history.contract.freshness.promise
        or (failed[-1].error_kind != "limited" and is_next_too_late(history, failed[-1]))
    )
    yield Finding(
        history.feed,
        "failing",
        "FAIL" if is_told else "WARN",
        f"{len(failed)} attempts in a row failed, the last with: {failed[-1].error}",
        onset=failed[0].started_at,
        evidence_at=failed[-1].started_at,
        evidence={"attempts": len(failed), "error_kind": failed[-1].error_kind},
    )
