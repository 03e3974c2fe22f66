"""Reconciles: did the last comparison of each window with the source find rows missing, outdated or deleted there?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from connectors.tiers import WINDOWS
from pipelines.freshness.detectors.detects import detects
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory
from pipelines.ledger.reconciles import TierResult


@detects("rows_missing")
def rows_missing(history: FeedHistory) -> Iterator[Finding]:
    """Rows of the source that are not here (modes B4, B5, B11)."""
    yield _finding(history, "rows_missing", "missing", "are at the source and not here")


@detects("rows_outdated")
def rows_outdated(history: FeedHistory) -> Iterator[Finding]:
    """Rows that differ from the source (modes B6, B11, C4)."""
    yield _finding(history, "rows_outdated", "outdated", "differ from the source")


@detects("rows_extra")
def rows_extra(history: FeedHistory) -> Iterator[Finding]:
    """Rows that the source deleted without a word (modes B12, C5)."""
    yield _finding(history, "rows_extra", "extra", "are here and gone at the source")


def _finding(history: FeedHistory, failure: str, kind: str, words: str) -> Finding:
    """FAIL while the newest comparison of any window found some; PASS once all windows agree; UNKNOWN otherwise.

    WARN for what was landed by the comparison that was the first to find it: whoever asked for that knows of it.
    """
    newest = {result.days: result for result in history.reconciles}
    if not newest:
        return Finding(history.feed, failure, "UNKNOWN", "it was never compared with its source")
    failing = [result for result in newest.values() if _count(result, kind)]
    if failing and not all(_is_proven(history, result, kind) for result in failing):
        fact = "rows differ, but without a cursor nobody can tell whether since the last sync; sync and compare again"
        return Finding(history.feed, failure, "UNKNOWN", fact, evidence_at=_last(failing))
    if failing:
        return _failed(history, failure, kind, words, failing)
    lacking = [window for window in _windows(history) if window not in newest]
    if lacking:
        fact = f"not compared back to {lacking[-1]} days; what was compared agrees"
        return Finding(history.feed, failure, "UNKNOWN", fact, evidence_at=_last(list(newest.values())))
    oldest = min(result.reconciled_at for result in newest.values())
    rows = sum(max(result.rows_source, result.rows_here) for result in newest.values())
    if rows == 0:
        return Finding(history.feed, failure, "UNKNOWN", "neither side had anything to compare", evidence_at=oldest)
    fact = f"compared with the source at {oldest:%Y-%m-%d %H:%M} UTC: {rows:,} {_units(history)} agree in this"
    return Finding(history.feed, failure, "PASS", fact, evidence_at=oldest, evidence={"compared": rows})


def _failed(history: FeedHistory, failure: str, kind: str, words: str, failing: list[TierResult]) -> Finding:
    count = sum(_count(result, kind) for result in failing)
    reach = max(result.days for result in failing)
    fact = f"{count:,} {_units(history)} {words}" + (f", back to {reach} days" if reach else "")
    is_repaired = all(result.is_repaired for result in failing)
    if is_repaired:
        fact += "; they were landed since, and the next comparison tells whether that was all"
    onset = min(_onset(history, result, kind) for result in failing)
    samples = [sample for result in failing for sample in result.samples.get(kind, ())]
    return Finding(
        history.feed,
        failure,
        "WARN" if is_repaired and onset == min(result.reconciled_at for result in failing) else "FAIL",
        fact,
        rows=count,
        onset=onset,
        evidence_at=_last(failing),
        evidence={"days": reach, "method": failing[0].method, "samples": " ".join(samples[:5])},
    )


def _is_proven(history: FeedHistory, result: TierResult, kind: str) -> bool:
    """A closed window proves itself. Without cursor, a row must differ before and after a sync that read everything."""
    if result.days:
        return True
    earlier = [other for other in history.reconciles if other.reconciled_at < result.reconciled_at and not other.days]
    if not earlier or not set(earlier[-1].samples.get(kind, ())) & set(result.samples.get(kind, ())):
        return False
    since, until = earlier[-1].reconciled_at, result.reconciled_at
    return any(run.is_good and since <= run.started_at <= until for run in history.runs)


def _onset(history: FeedHistory, failing: TierResult, kind: str) -> datetime:
    """When the comparisons of this window began to find it without a break."""
    onset = failing.reconciled_at
    for result in reversed([result for result in history.reconciles if result.days == failing.days]):
        if not _count(result, kind):
            break
        onset = result.reconciled_at
    return onset


def _windows(history: FeedHistory) -> tuple[int, ...]:
    is_whole = history.contract.cursor is None and history.contract.source.kind != "files"
    return (0,) if is_whole else WINDOWS


def _units(history: FeedHistory) -> str:
    return "files" if history.contract.source.kind == "files" else "rows"


def _count(result: TierResult, kind: str) -> int:
    counted: int = getattr(result, kind)
    return counted


def _last(results: list[TierResult]) -> datetime:
    return max(result.reconciled_at for result in results)
