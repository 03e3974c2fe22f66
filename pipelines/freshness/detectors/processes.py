"""Processes: do runs get on, do they end, and does each work alone?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory
from pipelines.ledger.evidence import Verdict

# A run renews its lease every half minute while rows arrive; a source may take its time for a first answer.
SILENCE = timedelta(minutes=15)


@detects("hung")
def hung(history: FeedHistory) -> Iterator[Finding]:
    """A run that is alive takes longer than the contract allows, or gets on no more (mode A5).

    One that took so long and then failed has hung until an attempt ends well.
    """
    run, longest = history.runs[-1] if history.runs else None, history.contract.watch.max_runtime
    if run is None:
        yield Finding(history.feed, "hung", "UNKNOWN", "it was never tried")
    elif run.status == "FAILED" and run.ended_at is not None and run.ended_at - run.started_at > longest:
        fact = f"it was started at {run.started_at:%Y-%m-%d %H:%M} UTC and failed at {run.ended_at:%Y-%m-%d %H:%M}"
        onset = run.started_at + longest
        yield Finding(history.feed, "hung", "FAIL", f"{fact}: {run.error}", onset=onset, evidence_at=run.ended_at)
    elif run.status != "OPEN":
        fact = "the last attempt has ended"
        yield Finding(history.feed, "hung", "PASS", fact, evidence_at=run.ended_at or run.started_at)
    elif not history.is_worked_on:
        yield Finding(history.feed, "hung", "UNKNOWN", "the last attempt is open, and nobody is at work on it")
    else:
        taken = history.now - run.started_at
        beat = max(history.heartbeat_at or run.started_at, run.started_at)
        fact = f"it was started at {run.started_at:%Y-%m-%d %H:%M} UTC and last got on at {beat:%Y-%m-%d %H:%M}"
        is_silent = history.now - beat > SILENCE
        verdict: Verdict = "FAIL" if taken > longest else "WARN" if is_silent else "UNKNOWN"
        onset = run.started_at + longest if taken > longest else beat
        yield Finding(history.feed, "hung", verdict, fact, onset=onset, evidence_at=history.now)


@detects("abandoned")
def abandoned(history: FeedHistory) -> Iterator[Finding]:
    """A run died before its end (modes C7, C8): killed, or its machine went down.

    What it left is swept or adopted by the next run, so one good run after the next is proof that all is well again.
    """
    runs = history.runs
    if not runs:
        yield Finding(history.feed, "abandoned", "UNKNOWN", "it was never tried")
        return
    good = history.good_runs
    since = good[-2].started_at if len(good) > 1 else None
    dead = [run for run in runs if run.status == "ABANDONED" and (since is None or run.started_at > since)]
    if runs[-1].status == "OPEN" and not history.is_worked_on:
        dead.append(runs[-1])
    if dead:
        fact = f"{len(dead)} died before the end, the last of them started at {dead[-1].started_at:%Y-%m-%d %H:%M} UTC"
        yield Finding(
            history.feed, "abandoned", "FAIL", fact, onset=dead[0].started_at, evidence_at=dead[-1].started_at
        )
    elif good:
        fact = "the last attempts ended by themselves"
        yield Finding(history.feed, "abandoned", "PASS", fact, evidence_at=good[-1].started_at)
    else:
        yield Finding(history.feed, "abandoned", "UNKNOWN", "no attempt has ended well yet")


@detects("concurrent_runs")
def concurrent_runs(history: FeedHistory) -> Iterator[Finding]:
    """A second run was turned away while the first was at work (mode C6). Nothing was landed twice."""
    good = history.good_runs
    since = good[-1].started_at if good else None
    refused = [one for one in history.refusals if since is None or one.refused_at >= since]
    if refused:
        last = refused[-1]
        lost = [one for one in refused if one.reason == "lost"]
        fact = f"{len(refused)} were turned away, the last at {last.refused_at:%Y-%m-%d %H:%M} UTC by {last.holder}"
        yield Finding(
            history.feed,
            "concurrent_runs",
            "FAIL",
            fact,
            onset=refused[0].refused_at,
            evidence_at=last.refused_at,
            evidence={"turned_away": len(refused), "lost_their_lease": len(lost)},
        )
    elif good:
        fact = "the last attempt worked alone"
        yield Finding(history.feed, "concurrent_runs", "PASS", fact, evidence_at=good[-1].started_at)
    else:
        yield Finding(history.feed, "concurrent_runs", "UNKNOWN", "no attempt has ended well yet")
