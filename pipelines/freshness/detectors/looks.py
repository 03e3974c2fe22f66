"""What several detectors look at: how the last attempt ended, and what was announced."""

from __future__ import annotations

from collections.abc import Collection
from itertools import takewhile

from pipelines.freshness.finding import Finding
from pipelines.freshness.history import LATELY, FeedHistory, Run
from pipelines.freshness.status import next_due


def trouble_of_last_run(history: FeedHistory, failure: str, kinds: Collection[str]) -> Finding:
    """FAIL when the last live run ended in a trouble of these kinds, PASS when it ended well, UNKNOWN otherwise."""
    ended = history.ended_runs
    if not ended:
        return Finding(history.feed, failure, "UNKNOWN", "no attempt has ended yet")
    last = ended[-1]
    if last.error_kind not in kinds:
        if last.is_good:
            return Finding(history.feed, failure, "PASS", "the last attempt ended well", evidence_at=last.started_at)
        return Finding(history.feed, failure, "UNKNOWN", f"the last attempt ended otherwise: {last.error}")
    row = list(takewhile(lambda run: run.error_kind in kinds, reversed(ended)))
    return Finding(
        history.feed,
        failure,
        "FAIL",
        last.error or f"the last attempt ended with {last.error_kind}",
        onset=row[-1].started_at,
        evidence_at=last.started_at,
        evidence={"attempts": len(row)},
    )


def is_next_too_late(history: FeedHistory, failed: Run) -> bool:
    """Whether promise and grace are over before the next attempt, so that trying again by itself is no help."""
    good, freshness = history.good_runs, history.contract.freshness
    if not good:
        return False
    return next_due(history.contract, failed.started_at) > good[-1].started_at + freshness.promise + freshness.grace


def is_announced(history: FeedHistory, *kinds: str) -> bool:
    """Whether the contract announces something of these kinds for now or the last day."""
    return any(
        one.kind in kinds and one.begins <= history.now < one.ends + LATELY for one in history.contract.watch.announced
    )
