"""Windows: does each read begin where the one before it ended, and does the cursor move on with the source?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile

from connectors.contract import Cursor
from connectors.cursors import is_after, source_value
from pipelines.freshness.detectors.behind import landed_value, reads_behind
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import LATELY, FeedHistory, Run, SourceAnswer

# Rows may come late behind the cursor once or twice; so often in a row, the cursor does not work.
STUCK_RUNS = 4


@detects("silent_stop")
def silent_stop(history: FeedHistory) -> Iterator[Finding]:
    """The source, asked apart from its data, has newer rows than a good read brought (modes A1, B7)."""
    cursor = history.contract.cursor
    answer = _last_answer(history)
    newest = source_value(cursor, answer.newest) if cursor is not None and answer is not None else None
    if cursor is None or answer is None or newest is None:
        yield Finding(history.feed, "silent_stop", "UNKNOWN", "the source does not say how far its data reach")
        return
    since = [run for run in history.good_runs if run.run_id == answer.run_id or run.started_at >= answer.probed_at]
    if not since:
        fact = f"not read to the end since it said that it reaches {answer.newest}"
        yield Finding(history.feed, "silent_stop", "UNKNOWN", fact)
        return
    run = since[-1]
    reached, upper = landed_value(cursor, run.cursor_after), landed_value(cursor, run.window_upper)
    if upper is not None and is_after(newest, upper):
        fact = f"it reaches {answer.newest}, which is not due yet"
        yield Finding(history.feed, "silent_stop", "UNKNOWN", fact)
    elif reached is None or is_after(newest, reached):
        yield Finding(
            history.feed,
            "silent_stop",
            "FAIL",
            f"the source reaches {answer.newest}; what was read reaches {run.cursor_after or 'nothing'}",
            onset=behind[0].started_at if (behind := reads_behind(history)) else run.started_at,
            evidence_at=run.started_at,
        )
    else:
        fact = f"all that the source has was read, up to {answer.newest}"
        yield Finding(history.feed, "silent_stop", "PASS", fact, evidence_at=run.started_at)


@detects("stuck_cursor")
def stuck_cursor(history: FeedHistory) -> Iterator[Finding]:
    """Reads bring rows again and again, and the cursor does not move (mode B7).

    One read is enough where the source says that it has newer rows than those it gave again.
    """
    cursor, runs = history.contract.cursor, history.good_runs[-STUCK_RUNS:]
    again = list(takewhile(lambda run: run.rows_read and not run.rows_landed, reversed(reads_behind(history))))
    if again:
        last = again[0]
        fact = f"{last.rows_read or 0:,} rows came that were all here; the source has newer ones, and the cursor stays"
        yield Finding(
            history.feed,
            "stuck_cursor",
            "FAIL",
            fact,
            rows=last.rows_read,
            onset=again[-1].started_at,
            evidence_at=last.started_at,
        )
        return
    if cursor is None or len(runs) < STUCK_RUNS:
        fact = "it has no cursor" if cursor is None else "too few attempts have ended well"
        yield Finding(history.feed, "stuck_cursor", "UNKNOWN", fact)
        return
    last, answer = runs[-1], _last_answer(history)
    is_still = all(run.rows_landed and run.cursor_after == last.cursor_after for run in runs)
    reached = landed_value(cursor, last.cursor_after)
    newest = source_value(cursor, answer.newest) if answer is not None else None
    if is_still and (reached is None or newest is None or is_after(newest, reached)):
        rows = sum(run.rows_landed for run in runs)
        fact = (
            f"{STUCK_RUNS} reads in a row brought {rows:,} rows and left the cursor at {last.cursor_after or 'nothing'}"
        )
        yield Finding(
            history.feed, "stuck_cursor", "FAIL", fact, rows=rows, onset=runs[0].started_at, evidence_at=last.started_at
        )
    else:
        fact = f"the cursor stands at {last.cursor_after or 'nothing'}"
        yield Finding(history.feed, "stuck_cursor", "PASS", fact, evidence_at=last.started_at)


@detects("cursor_regressed")
def cursor_regressed(history: FeedHistory) -> Iterator[Finding]:
    """A read began or ended behind where an earlier one had ended, and nobody asked for it (mode B9)."""
    cursor = history.contract.cursor
    runs = [run for run in history.ended_runs if run.status != "ABANDONED"]
    if cursor is None or not any(run.cursor_after for run in runs):
        yield Finding(history.feed, "cursor_regressed", "UNKNOWN", "no cursor was kept yet")
        return
    back = [(before, run) for before, run in _recent_pairs(history, runs) if _went_back(cursor, before, run)]
    if back:
        before, run = back[-1]
        began, ended = run.cursor_before or "nothing", run.cursor_after or "nothing"
        fact = f"after {before.cursor_after} a read began at {began} and ended at {ended}"
        yield Finding(
            history.feed, "cursor_regressed", "FAIL", fact, onset=back[0][1].started_at, evidence_at=run.started_at
        )
    else:
        fact = f"the cursor stands at {runs[-1].cursor_after}"
        yield Finding(history.feed, "cursor_regressed", "PASS", fact, evidence_at=runs[-1].started_at)


@detects("window_gap")
def window_gap(history: FeedHistory) -> Iterator[Finding]:
    """A read began after the end of the one before it, so what lies between was never asked for (mode B10)."""
    cursor, runs = history.contract.cursor, history.good_runs
    if cursor is None or len(runs) < 2:
        fact = "each read is of the whole source" if cursor is None else "too few attempts have ended well"
        yield Finding(history.feed, "window_gap", "UNKNOWN", fact)
        return
    gaps = [
        (before, run) for before, run in _recent_pairs(history, runs) if _leaves_a_gap(history, cursor, before, run)
    ]
    if gaps:
        before, run = gaps[-1]
        fact = f"read up to {before.cursor_after}, then from {run.window_lower} on"
        yield Finding(history.feed, "window_gap", "FAIL", fact, onset=gaps[0][1].started_at, evidence_at=run.started_at)
    else:
        fact = "each read began where the one before it ended, or earlier"
        yield Finding(history.feed, "window_gap", "PASS", fact, evidence_at=runs[-1].started_at)


def _last_answer(history: FeedHistory) -> SourceAnswer | None:
    """The newest answer that said how far the source reaches."""
    return next((one for one in reversed(history.answers) if one.newest is not None), None)


def _recent_pairs(history: FeedHistory, runs: Sequence[Run]) -> list[tuple[Run, Run]]:
    """Neighbouring runs of the last day, the last two in any case."""
    since = history.now - LATELY
    recent = [place for place, run in enumerate(runs) if run.started_at >= since]
    first = min(recent[0] if recent else len(runs), max(len(runs) - 1, 0))
    return list(pairwise(runs[max(first - 1, 0) :]))


def _went_back(cursor: Cursor, before: Run, run: Run) -> bool:
    former = landed_value(cursor, before.cursor_after)
    if former is None:
        return False
    began, ended = landed_value(cursor, run.cursor_before), landed_value(cursor, run.cursor_after)
    return began is None or ended is None or is_after(former, began) or is_after(began, ended)


def _leaves_a_gap(history: FeedHistory, cursor: Cursor, before: Run, run: Run) -> bool:
    """Whether a read began after all that was landed before it, by attempts that died after landing as well."""
    reached, lower = landed_value(cursor, before.cursor_after), landed_value(cursor, run.window_lower)
    if reached is None or lower is None or not is_after(lower, reached):
        return False
    between = (one for one in history.live_batches if one.run_id and before.run_id < one.run_id < run.run_id)
    ends = (landed_value(cursor, one.cursor_after) for one in between)
    return all(end is None or is_after(lower, end) for end in ends)
