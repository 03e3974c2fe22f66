"""Extent: did a read bring all that the source has, or did pages, caps and limits end it early?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from pipelines.freshness.detectors.behind import reads_behind
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.detectors.looks import is_next_too_late, trouble_of_last_run
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory, Run, SourceAnswer
from pipelines.ledger.evidence import Verdict

# Sources stop at a thousand, five or ten thousand; a count that is a multiple of this is suspect when it comes twice.
ROUND = 500
LEAST_ROUND = 1_000
# Pages and caps are of 5, 10, 25, 100, 200, 5,000 ... rows: a number's digits without its zeros.
ROUND_STARTS = ("1", "2", "25", "5")
LEAST_CUT = 5
# What is wrong with these has a name of its own.
TOLD_APART = ("truncated", "pages", "totals")
# Rows come and go while a full read is under way.
MOVING_ROWS, MOVING_SHARE = 10, 0.01


@detects("incomplete_read")
def incomplete_read(history: FeedHistory) -> Iterator[Finding]:
    """A read ended before the source did (mode B16): it says so itself, or its own count says so."""
    ended = history.ended_runs
    if not ended:
        yield Finding(history.feed, "incomplete_read", "UNKNOWN", "no attempt has ended yet")
        return
    last = ended[-1]
    limited = list(takewhile(lambda run: run.error_kind == "limited", reversed(ended)))
    short = _short_of_count(history)
    if last.status == "PARTIAL" and last.error_kind not in TOLD_APART:
        fact = last.error or "the last read is partial"
        row = list(takewhile(lambda run: run.status == "PARTIAL", reversed(ended)))
        yield Finding(
            history.feed, "incomplete_read", "FAIL", fact, onset=row[-1].started_at, evidence_at=last.started_at
        )
    elif limited:
        # One refusal is common and is tried again, if in time.
        verdict: Verdict = "FAIL" if len(limited) > 1 or is_next_too_late(history, last) else "WARN"
        fact = last.error or "the source asks to wait"
        onset = limited[-1].started_at
        yield Finding(history.feed, "incomplete_read", verdict, fact, onset=onset, evidence_at=last.started_at)
    elif short is not None:
        run, counted = short
        read = run.rows_read or 0
        fact = f"the source counts {counted:,} rows, and a full read brought {read:,}"
        yield Finding(
            history.feed,
            "incomplete_read",
            "FAIL",
            fact,
            rows=counted - read,
            onset=run.started_at,
            evidence_at=run.started_at,
        )
    elif last.is_good:
        fact = "the last attempt read to the end"
        yield Finding(history.feed, "incomplete_read", "PASS", fact, evidence_at=last.started_at)
    else:
        yield Finding(history.feed, "incomplete_read", "UNKNOWN", f"the last attempt ended otherwise: {last.error}")


@detects("pages_disagree")
def pages_disagree(history: FeedHistory) -> Iterator[Finding]:
    """Pages of one read repeat rows, so others were skipped (mode B13), or they lead in a circle."""
    found = trouble_of_last_run(history, "pages_disagree", ("pages",))
    paged = [run for run in history.good_runs if run.rows_repeated is not None]
    if found.verdict == "FAIL":
        yield found
    elif not paged:
        yield Finding(history.feed, "pages_disagree", "UNKNOWN", "it was not read page by page yet")
    elif paged[-1].rows_repeated:
        last = paged[-1]
        fact = f"{last.rows_repeated:,} of {last.rows_read or 0:,} rows were on two pages; as many may be on none"
        row = list(takewhile(lambda run: run.rows_repeated, reversed(paged)))
        yield Finding(
            history.feed,
            "pages_disagree",
            "FAIL",
            fact,
            rows=last.rows_repeated,
            onset=row[-1].started_at,
            evidence_at=last.started_at,
        )
    else:
        fact = "no row was on two pages"
        yield Finding(history.feed, "pages_disagree", "PASS", fact, evidence_at=paged[-1].started_at)


@detects("capped")
def capped(history: FeedHistory) -> Iterator[Finding]:
    """A read brings exactly as many rows as a source is known to stop at, or the same round number twice (mode B14).

    Once is enough where the source says that it has newer rows than came, and a much smaller number will do.
    """
    if (cut := _stops_at(history)) is not None:
        run, rows = cut
        fact = f"exactly {rows:,} rows came and were said to be all, and the source has newer ones"
        last_at = history.good_runs[-1].started_at
        yield Finding(history.feed, "capped", "FAIL", fact, onset=run.started_at, evidence_at=last_at)
        return
    full = [run for run in history.good_runs if run.rows_read]
    if not full:
        yield Finding(history.feed, "capped", "UNKNOWN", "no read brought any rows yet")
        return
    last, before = full[-1], full[-2] if len(full) > 1 else None
    rows = last.rows_read or 0
    is_known = rows in history.contract.watch.caps
    is_round = rows >= LEAST_ROUND and rows % ROUND == 0
    comes_again = before is not None and before.rows_read == rows and bool(last.rows_landed and before.rows_landed)
    if _counted(history, last) == rows:
        fact = f"the source counts {rows:,} rows, and as many were read"
        yield Finding(history.feed, "capped", "PASS", fact, evidence_at=last.started_at)
    elif is_known or (is_round and comes_again):
        fact = f"exactly {rows:,} rows came" + (
            ", where the source is known to stop" if is_known else " twice in a row"
        )
        yield Finding(history.feed, "capped", "FAIL", fact, onset=last.started_at, evidence_at=last.started_at)
    else:
        yield Finding(history.feed, "capped", "PASS", f"{rows:,} rows came", evidence_at=last.started_at)


def _stops_at(history: FeedHistory) -> tuple[Run, int] | None:
    """The first of the reads that left newer rows at the source, when all of them ended at one round number."""
    behind = reads_behind(history)
    stops = {run.rows_read or 0 for run in behind}
    if len(stops) != 1 or not behind[0].rows_landed:
        return None
    rows = stops.pop()
    return (behind[0], rows) if str(rows).rstrip("0") in ROUND_STARTS and rows >= LEAST_CUT else None


def _short_of_count(history: FeedHistory) -> tuple[Run, int] | None:
    """The last good run and the source's own count, when it was a full read that brought clearly fewer rows."""
    good = history.good_runs
    counted = _counted(history, good[-1]) if good else None
    read = good[-1].rows_read if good else None
    if counted is None or read is None:
        return None
    return (good[-1], counted) if read < counted - max(MOVING_ROWS, counted * MOVING_SHARE) else None


def _counted(history: FeedHistory, run: Run) -> int | None:
    """Rows that a database counted for a run that read all of them; None for part of a table."""
    is_full = history.contract.source.kind == "sql" and run.window_lower is None and run.window_upper is None
    answers: list[SourceAnswer] = [one for one in history.answers if one.run_id == run.run_id] if is_full else []
    return answers[-1].row_count if answers else None
