"""The check `is_current` of every feed: may readers take its data for current? Answered by the ledger alone.

It runs with the feed, and again with each refresh. A refresh is requested when any feed's status changes, so that the
check of a feed that stopped running does not stay green. Dagster reads the annotation of `context` as a type, so
annotations here are not strings.
"""

from collections.abc import Iterator, Sequence

import dagster as dg

from connectors.contract import FeedContract
from pipelines.defs.keys import staging_key
from pipelines.deployment import Deployment
from pipelines.freshness.status import CURRENT, FeedStatus, Status, feed_status
from pipelines.ledger.database import Ledger

IS_CURRENT = "is_current"
# Within grace, or without evidence either way: somebody should look, readers need not be stopped.
_MILD: frozenset[Status] = frozenset({"LATE", "UNKNOWN"})


def currency_key(contract: FeedContract) -> dg.AssetCheckKey:
    """The feed's `is_current`."""
    return dg.AssetCheckKey(staging_key(contract), IS_CURRENT)


def currency_check(deployment: Deployment, contracts: Sequence[FeedContract]) -> dg.AssetChecksDefinition:
    """One check per feed, in one step that can run for some of them."""

    @dg.multi_asset_check(
        name=IS_CURRENT,
        specs=[
            dg.AssetCheckSpec(
                IS_CURRENT,
                asset=staging_key(contract),
                description="Passes when the data are within the contract's promise, or the source has nothing newer.",
            )
            for contract in contracts
        ],
        can_subset=True,
    )
    def is_current(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        now = deployment.clock()
        with Ledger(deployment.home.ledger) as ledger:
            for contract in contracts:
                if currency_key(contract) in context.selected_asset_check_keys:
                    yield _result(contract, feed_status(ledger, contract, now))

    return is_current


def _result(contract: FeedContract, status: FeedStatus) -> dg.AssetCheckResult:
    moments = {"newest_data": status.as_of, "source_last_read": status.verified_at, "next_due": status.next_due_at}
    return dg.AssetCheckResult(
        asset_key=staging_key(contract),
        check_name=IS_CURRENT,
        passed=status.status in CURRENT,
        severity=dg.AssetCheckSeverity.WARN if status.status in _MILD else dg.AssetCheckSeverity.ERROR,
        description=f"{status.status}: {status.reason}",
        metadata={
            "status": status.status,
            "rows_in_quarantine_now": status.rows_held,
            **{name: dg.MetadataValue.timestamp(at) for name, at in moments.items() if at is not None},
        },
    )
