"""Look at every feed's evidence with every detector, and write down what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from connectors.contract import FeedContract
from pipelines.freshness.blamed import closed_blames
from pipelines.freshness.detectors import (
    CrossDetector,
    FeedDetector,
    access,
    attempts,
    books,
    columns,
    conservation,
    cut_text,
    damage,
    default_flood,
    deliveries,
    drift,
    extent,
    frozen,
    held,
    identity,
    keys_merged,
    late,
    links,
    matters,
    missing_children,
    null_flood,
    old_events,
    processes,
    reconciled,
    scope_narrowed,
    shifted,
    shifted_times,
    slowing,
    unit_changed,
    unknown_keys,
    unusual_volume,
    values,
    versions,
    windows,
)
from pipelines.freshness.detectors.detects import failures_of
from pipelines.freshness.detectors.matters import MatterDetector
from pipelines.freshness.detectors.monitor import MonitorDetector, undelivered, unwatched
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import SPAN, FeedHistory
from pipelines.freshness.monitor_history import read_monitor
from pipelines.freshness.reading import read_history
from pipelines.freshness.retraining import with_current_bands
from pipelines.ledger.database import Ledger
from pipelines.ledger.findings import FindingRecord, record_findings
from pipelines.ledger.matters import read_matters

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
    unknown_keys.unknown_keys,
    books.ledger_disagrees,
    books.rules_changed,
    reconciled.rows_missing,
    reconciled.rows_outdated,
    reconciled.rows_extra,
)
# Of one feed, held against what was learned to be usual of it.
LEARNED_DETECTORS: tuple[FeedDetector, ...] = (
    late.late,
    slowing.slowing,
    old_events.old_events,
    shifted_times.shifted_times,
    scope_narrowed.scope_narrowed,
    unusual_volume.unusual_volume,
    unit_changed.unit_changed,
    cut_text.cut_text,
    default_flood.default_flood,
    null_flood.null_flood,
    drift.drift,
    frozen.frozen,
    keys_merged.keys_merged,
)
# Of all feeds together.
CROSS_DETECTORS: tuple[CrossDetector, ...] = (
    conservation.publish_behind,
    links.orphans,
    links.stale_parent,
    links.mixed_times,
    links.totals_disagree,
    missing_children.missing_children,
)
# Of watching itself.
MONITOR_DETECTORS: tuple[MonitorDetector, ...] = (undelivered, unwatched)
# Of what was done to customers, and what is owed to them.
MATTER_DETECTORS: tuple[MatterDetector, ...] = (matters.instruction_contradicted, matters.follow_up_overdue)
# Failures that some detector looks for.
LOOKED_FOR = frozenset(
    failure
    for detectors in (FEED_DETECTORS, LEARNED_DETECTORS, CROSS_DETECTORS, MONITOR_DETECTORS, MATTER_DETECTORS)
    for detector in detectors
    for failure in failures_of(detector)
)

Evidence = TypeVar("Evidence")
# Hears of a detector that raised: its name and the error.
OnFault = Callable[[str, Exception], None]


def evaluate(
    ledger: Ledger,
    catalog: Mapping[str, FeedContract],
    now: datetime,
    *,
    feed_detectors: Sequence[FeedDetector] = FEED_DETECTORS,
    learned_detectors: Sequence[FeedDetector] = LEARNED_DETECTORS,
    cross_detectors: Sequence[CrossDetector] = CROSS_DETECTORS,
    monitor_detectors: Sequence[MonitorDetector] = MONITOR_DETECTORS,
    matter_detectors: Sequence[MatterDetector] = MATTER_DETECTORS,
    on_fault: OnFault | None = None,
) -> list[Finding]:
    """Every detector's findings on every feed of the catalog on watching itself and on what was done to customers;
    they are in the ledger by then.

    A detector that raises tells `on_fault`, and the others go on; without `on_fault` it ends the evaluation.
    """
    on_fault = on_fault or _raise
    histories = {feed: read_history(ledger, contract, now) for feed, contract in catalog.items()}
    findings = [found for history in histories.values() for found in _asked(feed_detectors, history, on_fault)]
    # What an exact check has blamed and no longer finds is not held against what is usual.
    histories = {
        feed: replace(history, blames=closed_blames(ledger, feed, findings, now - SPAN))
        for feed, history in histories.items()
    }
    histories = with_current_bands(ledger, histories, now)
    findings += [found for history in histories.values() for found in _asked(learned_detectors, history, on_fault)]
    findings += _asked(cross_detectors, histories, on_fault)
    findings += _asked(monitor_detectors, read_monitor(ledger, now), on_fault)
    findings += _asked(matter_detectors, read_matters(ledger), on_fault)
    record_findings(ledger, [_record(finding, histories) for finding in findings], now)
    return findings


def _asked(
    detectors: Sequence[Callable[[Evidence], Iterable[Finding]]], evidence: Evidence, on_fault: OnFault
) -> list[Finding]:
    """What the detectors say. One with a fault says nothing, which moves no alert, and does not silence the others."""
    findings: list[Finding] = []
    for detector in detectors:
        try:
            findings += detector(evidence)
        except Exception as error:
            on_fault(detector.__name__, error)
    return findings


def _raise(_detector: str, error: Exception) -> None:
    raise error


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
