"""Identity of the source: is it the one that was read before, and does it tell the time as we do?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.detectors.looks import trouble_of_last_run
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory
from pipelines.ledger.evidence import Verdict

CLOCK_WARN, CLOCK_FAIL = timedelta(minutes=5), timedelta(hours=1)
# A typing error dates one row in the future; a wrong clock dates most of them so.
FUTURE_ROWS, FUTURE_SHARE = 5, 0.05


@detects("other_source")
def other_source(history: FeedHistory) -> Iterator[Finding]:
    """Landing met another source under the same contract and holds it (mode E8)."""
    yield trouble_of_last_run(history, "other_source", ("other_source",))


@detects("source_rolled_back")
def source_rolled_back(history: FeedHistory) -> Iterator[Finding]:
    """The source is older and smaller than it was, as after a restore from a backup; landing holds it (mode F5)."""
    yield trouble_of_last_run(history, "source_rolled_back", ("rolled_back",))


@detects("clock_skew")
def clock_skew(history: FeedHistory) -> Iterator[Finding]:
    """The source's clock is off from ours, or it dates many of its rows in the future (mode A9)."""
    dated = [batch for batch in history.recent_batches if batch.cursor_high is not None]
    rows, future = sum(batch.row_count for batch in dated), sum(batch.future_count for batch in dated)
    if future >= FUTURE_ROWS and future >= rows * FUTURE_SHARE:
        bad = [batch for batch in dated if batch.future_count]
        fact = f"{future:,} of {rows:,} new rows are dated in the future; they are held"
        yield Finding(
            history.feed,
            "clock_skew",
            "FAIL",
            fact,
            rows=future,
            onset=bad[0].landed_at,
            evidence_at=bad[-1].landed_at,
        )
        return
    last = next((run for run in reversed(history.ended_runs) if run.clock_offset_seconds is not None), None)
    if last is not None:
        offset = timedelta(seconds=last.clock_offset_seconds or 0.0)
        verdict: Verdict = "FAIL" if abs(offset) > CLOCK_FAIL else "WARN" if abs(offset) > CLOCK_WARN else "PASS"
        way = "ahead of" if offset > timedelta(0) else "behind"
        fact = f"its clock is {abs(offset).total_seconds():,.0f} s {way} ours"
        yield Finding(history.feed, "clock_skew", verdict, fact, evidence_at=last.started_at)
    elif dated:
        fact = f"{future:,} of {rows:,} new rows are dated in the future"
        yield Finding(history.feed, "clock_skew", "PASS", fact, evidence_at=dated[-1].landed_at)
    else:
        yield Finding(history.feed, "clock_skew", "UNKNOWN", "the source tells no time, and no row came of late")
