"""Every detector as an asset check of its feed, by what the last look at the feed found.

Dagster reads the annotation of `context` as a type, so annotations here are not strings.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import dagster as dg

from connectors.contract import FeedContract
from pipelines.defs.keys import MONITOR_KEY, PLATFORM_OWNER, mart_key, staging_key
from pipelines.deployment import Deployment
from pipelines.freshness.detectors.detects import failures_of
from pipelines.freshness.detectors.matters import CONTRADICTED, CUSTOMERS, OVERDUE
from pipelines.freshness.detectors.monitor import MONITOR
from pipelines.freshness.evaluate import (
    CROSS_DETECTORS,
    FEED_DETECTORS,
    LEARNED_DETECTORS,
    MATTER_DETECTORS,
    MONITOR_DETECTORS,
)
from pipelines.freshness.failures import load_failures
from pipelines.ledger.database import Ledger
from pipelines.ledger.findings import latest_verdicts

# Which table tells of each matter of customers.
_TOLD_BY = {CONTRADICTED: "contradiction", OVERDUE: "follow_up"}


def failure_key(contract: FeedContract, failure: str) -> dg.AssetCheckKey:
    """The check of one failure of one feed: feed_late fails when the feed is late."""
    return dg.AssetCheckKey(staging_key(contract), f"feed_{failure}")


def failure_keys(contracts: Sequence[FeedContract]) -> dict[tuple[str, str], dg.AssetCheckKey]:
    """(feed, failure) → its check, of every failure that some detector looks for.

    Watching itself is a feed as well, and so are customers, whose checks hang on the table that tells of each matter.
    """
    of_feeds = _looked_for(FEED_DETECTORS, LEARNED_DETECTORS, CROSS_DETECTORS)
    keys = {(contract.feed, name): failure_key(contract, name) for contract in contracts for name in of_feeds}
    others = {(MONITOR, name): MONITOR_KEY for name in _looked_for(MONITOR_DETECTORS)}
    others |= {(CUSTOMERS, name): mart_key(_TOLD_BY[name]) for name in _looked_for(MATTER_DETECTORS)}
    return keys | {thing: dg.AssetCheckKey(asset, f"feed_{thing[1]}") for thing, asset in others.items()}


# What the checks of watching itself hang on: nobody makes it, and nothing of it is kept.
MONITOR_ASSET = dg.AssetSpec(
    MONITOR_KEY,
    group_name="watch",
    owners=[PLATFORM_OWNER],
    description="Watching itself: whether somebody looked as agreed, and whether alerts reached anybody.",
)


def failure_checks(deployment: Deployment, contracts: Sequence[FeedContract]) -> dg.AssetChecksDefinition:
    """One check per feed and failure that has a detector, in one step, by what the last look found."""
    keys = failure_keys(contracts)

    # Outputs of a step that can be subset need not be emitted: UNKNOWN is neither passed nor failed.
    @dg.multi_asset_check(
        name="failures",
        specs=[
            dg.AssetCheckSpec(key.name, asset=key.asset_key, description=f"Fails when: {_title(failure)}.")
            for (_, failure), key in keys.items()
        ],
        can_subset=True,
    )
    def failures(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        with Ledger(deployment.home.ledger) as ledger:
            verdicts = latest_verdicts(ledger)
        for thing, key in keys.items():
            found = verdicts.get(thing)
            if found and key in context.selected_asset_check_keys and found[0]["verdict"] != "UNKNOWN":
                yield _result(key, found[0])

    return failures


def _looked_for(*detectors: Sequence[Callable[..., Any]]) -> list[str]:
    """The failures that these detectors look for, in the order of the catalogue."""
    names = {name for some in detectors for detector in some for name in failures_of(detector)}
    return [name for name in load_failures() if name in names]


def _title(failure: str) -> str:
    title = load_failures()[failure].title
    return title[0].lower() + title[1:]


def _result(key: dg.AssetCheckKey, worst: sqlite3.Row) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=worst["verdict"] == "PASS",
        severity=dg.AssetCheckSeverity.ERROR if worst["verdict"] == "FAIL" else dg.AssetCheckSeverity.WARN,
        description=f"{worst['verdict']}: {worst['reason']}",
        metadata={"segment": worst["segment"] or "all of the feed", "looks": worst["looks"]},
    )
