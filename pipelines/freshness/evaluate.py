"""Look at every feed's evidence with every detector, and write down what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from connectors.contract import FeedContract
from pipelines.freshness.detectors import CrossDetector, FeedDetector, attempts, reconciled
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory, read_history
from pipelines.ledger.database import Ledger
from pipelines.ledger.findings import FindingRecord, record_findings

# Of one feed, from the ledger.
FEED_DETECTORS: tuple[FeedDetector, ...] = (
    attempts.not_running,
    attempts.failing,
    reconciled.rows_missing,
    reconciled.rows_outdated,
    reconciled.rows_extra,
)
# Of all feeds together.
CROSS_DETECTORS: tuple[CrossDetector, ...] = ()

Evidence = TypeVar("Evidence")


def evaluate(
    ledger: Ledger,
    catalog: Mapping[str, FeedContract],
    now: datetime,
    *,
    feed_detectors: Sequence[FeedDetector] = FEED_DETECTORS,
    cross_detectors: Sequence[CrossDetector] = CROSS_DETECTORS,
) -> list[Finding]:
    """Every detector's findings on every feed of the catalog; they are in the ledger when this returns."""
    histories = {feed: read_history(ledger, contract, now) for feed, contract in catalog.items()}
    findings = [found for history in histories.values() for found in _asked(feed_detectors, history)]
    findings += _asked(cross_detectors, histories)
    record_findings(ledger, [_record(finding, histories) for finding in findings], now)
    return findings


def _asked(detectors: Sequence[Callable[[Evidence], Iterable[Finding]]], evidence: Evidence) -> list[Finding]:
    return [finding for detector in detectors for finding in detector(evidence)]


def _record(finding: Finding, histories: Mapping[str, FeedHistory]) -> FindingRecord:
    history = histories.get(finding.feed)
    return FindingRecord(
        feed=finding.feed,
        failure=finding.failure,
        segment=finding.segment,
        verdict=finding.verdict,
        reason=finding.reason,
        rows_affected=finding.rows,
        onset_at=finding.onset,
        evidence_at=finding.evidence_at,
        evidence=finding.evidence,
        rules_version=history.contract.version if history else "",
    )
