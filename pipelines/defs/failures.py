"""Every detector as an asset check of its feed, by what the last look at the feed found.

Dagster reads the annotation of `context` as a type, so annotations here are not strings.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import dagster as dg

from connectors.contract import FeedContract
from pipelines.defs.keys import staging_key
from pipelines.deployment import Deployment
from pipelines.freshness.detectors.detects import failures_of
from pipelines.freshness.evaluate import CROSS_DETECTORS, FEED_DETECTORS
from pipelines.freshness.failures import Failure, load_failures
from pipelines.ledger.database import Ledger
from pipelines.ledger.findings import latest_verdicts


def watched_failures() -> list[Failure]:
    """The failures that some detector looks for, in the order of the catalogue."""
    detectors: list[Callable[..., Any]] = [*FEED_DETECTORS, *CROSS_DETECTORS]
    looked_for = {name for detector in detectors for name in failures_of(detector)}
    return [failure for name, failure in load_failures().items() if name in looked_for]


def failure_key(contract: FeedContract, failure: str) -> dg.AssetCheckKey:
    """The check of one failure of one feed: feed_late fails when the feed is late."""
    return dg.AssetCheckKey(staging_key(contract), f"feed_{failure}")


def failure_checks(deployment: Deployment, contracts: Sequence[FeedContract]) -> dg.AssetChecksDefinition:
    """One check per feed and failure that has a detector, in one step, by what the last look found."""

    # Outputs of a step that can be subset need not be emitted: UNKNOWN is neither passed nor failed.
    @dg.multi_asset_check(
        name="failures",
        specs=[
            dg.AssetCheckSpec(
                failure_key(contract, failure.name).name,
                asset=staging_key(contract),
                description=f"Fails when: {failure.title[0].lower()}{failure.title[1:]}.",
            )
            for contract in contracts
            for failure in watched_failures()
        ],
        can_subset=True,
    )
    def failures(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        with Ledger(deployment.home.ledger) as ledger:
            verdicts = latest_verdicts(ledger)
        for contract in contracts:
            for failure in watched_failures():
                found = verdicts.get((contract.feed, failure.name))
                key = failure_key(contract, failure.name)
                if found and key in context.selected_asset_check_keys and found[0]["verdict"] != "UNKNOWN":
                    yield _result(key, found[0])

    return failures


def _result(key: dg.AssetCheckKey, worst: sqlite3.Row) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=worst["verdict"] == "PASS",
        severity=dg.AssetCheckSeverity.ERROR if worst["verdict"] == "FAIL" else dg.AssetCheckSeverity.WARN,
        description=f"{worst['verdict']}: {worst['reason']}",
        metadata={"segment": worst["segment"] or "all of the feed", "looks": worst["looks"]},
    )
