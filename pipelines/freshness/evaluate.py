"""Look at every feed's evidence with every detector, and write down what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from connectors.contract import FeedContract
from pipelines.freshness.detectors import (
    CrossDetector,
    FeedDetector,
    access,
    attempts,
    books,
    columns,
    conservation,
    damage,
    deliveries,
    extent,
    held,
    identity,
    links,
    processes,
    reconciled,
    shifted,
    values,
    versions,
    windows,
)
from pipelines.freshness.detectors.monitor import MonitorDetector, undelivered, unwatched
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory, read_history
from pipelines.freshness.monitor_history import read_monitor
from pipelines.ledger.database import Ledger
from pipelines.ledger.findings import FindingRecord, record_findings

# Of one feed, from the ledger.
FEED_DETECTORS: tuple[FeedDetector, ...] = (
    attempts.not_running,
    attempts.failing,
    access.credentials,
    access.error_page,
    access.storage,
    processes.hung,
    processes.abandoned,
    processes.concurrent_runs,
    identity.other_source,
    identity.source_rolled_back,
    identity.clock_skew,
    windows.silent_stop,
    windows.stuck_cursor,
    windows.cursor_regressed,
    windows.window_gap,
    extent.incomplete_read,
    extent.pages_disagree,
    extent.capped,
    deliveries.truncated,
    deliveries.sequence_gap,
    deliveries.redelivered,
    deliveries.stale_source,
    versions.duplicate_rows,
    versions.regressions,
    versions.bulk_restamp,
    versions.lagging_replica,
    held.shrunk,
    held.quarantine_forgotten,
    conservation.rows_unaccounted,
    columns.column_added,
    columns.column_removed,
    columns.column_renamed,
    shifted.columns_shifted,
    values.unreadable_values,
    values.unknown_code,
    values.test_rows,
    values.own_rows,
    values.key_reused,
    values.impossible,
    values.broken_lines,
    damage.damaged_text,
    damage.damaged_numbers,
    damage.swapped_dates,
    books.ledger_disagrees,
    books.rules_changed,
    reconciled.rows_missing,
    reconciled.rows_outdated,
    reconciled.rows_extra,
)
# Of all feeds together.
CROSS_DETECTORS: tuple[CrossDetector, ...] = (
    conservation.publish_behind,
    links.orphans,
    links.stale_parent,
    links.mixed_times,
    links.totals_disagree,
)
# Of watching itself.
MONITOR_DETECTORS: tuple[MonitorDetector, ...] = (undelivered, unwatched)

Evidence = TypeVar("Evidence")


def evaluate(
    ledger: Ledger,
    catalog: Mapping[str, FeedContract],
    now: datetime,
    *,
    feed_detectors: Sequence[FeedDetector] = FEED_DETECTORS,
    cross_detectors: Sequence[CrossDetector] = CROSS_DETECTORS,
    monitor_detectors: Sequence[MonitorDetector] = MONITOR_DETECTORS,
) -> list[Finding]:
    """Every detector's findings on every feed of the catalog and on watching itself; they are in the ledger by then."""
    histories = {feed: read_history(ledger, contract, now) for feed, contract in catalog.items()}
    findings = [found for history in histories.values() for found in _asked(feed_detectors, history)]
    findings += _asked(cross_detectors, histories)
    findings += _asked(monitor_detectors, read_monitor(ledger, now))
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
