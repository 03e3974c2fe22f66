"""Evaluating: every detector is asked about every feed, and what they say stays small in the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from pipelines.freshness.detectors.detects import failures_of
from pipelines.freshness.detectors.matters import CUSTOMERS
from pipelines.freshness.detectors.monitor import MONITOR
from pipelines.freshness.evaluate import (
    CROSS_DETECTORS,
    FEED_DETECTORS,
    MATTER_DETECTORS,
    MONITOR_DETECTORS,
    evaluate,
)
from pipelines.freshness.failures import load_failures
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import FeedHistory
from pipelines.ledger.database import Ledger, moment
from pipelines.ledger.findings import current_findings
from tests.pipelines.freshness.history_factory import CATALOG, NOON

ONLY_IT: dict[str, Any] = {
    "learned_detectors": [],
    "cross_detectors": [],
    "monitor_detectors": [],
    "matter_detectors": [],
}
SAID = Finding("shop.orders", "late", "PASS", "on time")


def test_a_detector_looks_for_failures_of_the_catalogue_only() -> None:
    known = load_failures()
    for detector in (*FEED_DETECTORS, *CROSS_DETECTORS, *MONITOR_DETECTORS, *MATTER_DETECTORS):
        assert set(failures_of(detector)) <= set(known)


def test_what_explains_a_failure_is_in_the_catalogue_and_explains_nothing_in_a_circle() -> None:
    known = load_failures()
    for failure in known.values():
        assert set(failure.under) <= set(known)
        above, seen = set(failure.under), set[str]()
        while above:
            seen |= above
            above = {name for parent in above for name in known[parent].under} - seen
        assert failure.name not in seen


def test_a_feed_without_evidence_is_unknown_to_every_detector(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger:
        findings = evaluate(ledger, CATALOG, NOON)
    assert {finding.feed for finding in findings} == {*CATALOG, MONITOR, CUSTOMERS}
    assert {finding.verdict for finding in findings} == {"UNKNOWN"}


def test_a_verdict_that_stays_is_one_row_and_another_verdict_is_another_row(tmp_path: Path) -> None:
    says = [SAID]

    def detector(history: FeedHistory) -> Iterator[Finding]:
        if history.feed == "shop.orders":
            yield says[0]

    with Ledger(tmp_path / "ledger.db") as ledger:

        def look(minutes: int) -> None:
            at = NOON + timedelta(minutes=minutes)
            evaluate(ledger, CATALOG, at, feed_detectors=[detector], **ONLY_IT)

        look(0)
        look(15)
        says[0] = replace(SAID, verdict="FAIL", reason="an hour late")
        look(30)
        spans = ledger.rows("SELECT verdict, first_at, last_at, looks FROM finding ORDER BY first_at")
        (current,) = current_findings(ledger)
    assert [(row["verdict"], row["looks"]) for row in spans] == [("PASS", 2), ("FAIL", 1)]
    assert moment(spans[0]["last_at"]) == NOON + timedelta(minutes=15)
    assert (current["verdict"], current["reason"]) == ("FAIL", "an hour late")


def test_a_detector_with_a_fault_does_not_silence_the_others(tmp_path: Path) -> None:
    def broken(history: FeedHistory) -> Iterator[Finding]:
        raise ZeroDivisionError(history.feed)

    def sound(history: FeedHistory) -> Iterator[Finding]:
        yield replace(SAID, feed=history.feed)

    faults: list[str] = []
    with Ledger(tmp_path / "ledger.db") as ledger:
        findings = evaluate(
            ledger,
            {"shop.orders": CATALOG["shop.orders"]},
            NOON,
            feed_detectors=[broken, sound],
            **ONLY_IT,
            on_fault=lambda detector, error: faults.append(f"{detector}: {error}"),
        )
    assert findings == [SAID]
    assert faults == ["broken: shop.orders"]
