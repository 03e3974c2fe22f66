"""Jobs: `sync_<feed>`, on the schedule of the feed's contract; `refresh`, which a sensor asks for; and `rematch`.

Schedules of feeds are RUNNING from the start. The contract promises its schedule to readers, and a deployment in which
somebody must first switch each feed on would be stale without anybody having decided so. Stop one in the UI to pause
its feed; the feed's status tells readers. Matching everything anew moves customers, so its schedule is STOPPED until
somebody decides.
"""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg
from dagster import DagsterRunStatus

from connectors.contract import FeedContract
from pipelines.defs.currency import currency_key
from pipelines.defs.customers import REFRESH_CUSTOMERS, RefreshConfig
from pipelines.defs.identity import identity_check_keys
from pipelines.defs.keys import landing_key, staging_key

REFRESH = "refresh"
REMATCH = "rematch"
AT_WORK = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


def job_name(contract: FeedContract) -> str:
    """sync_shop_orders."""
    return f"sync_{contract.asset_name}"


def sync_job(contract: FeedContract) -> dg.UnresolvedAssetJobDefinition:
    """Land and stage one feed, with its checks."""
    return dg.define_asset_job(
        job_name(contract),
        selection=dg.AssetSelection.assets(landing_key(contract), staging_key(contract)),
        description=f"Land, judge and stage {contract.feed}. {contract.description}",
        tags={"feed": contract.feed},
    )


def sync_schedule(contract: FeedContract, job: dg.UnresolvedAssetJobDefinition) -> dg.ScheduleDefinition:
    """The contract's schedule, in its time zone. A tick that finds the feed's last run at work is skipped."""

    @dg.schedule(
        name=job.name,
        job=job,
        cron_schedule=contract.schedule,
        execution_timezone=contract.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"As the contract of {contract.feed} says: {contract.schedule} ({contract.timezone}).",
    )
    def on_contract_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if is_at_work(context.instance, job.name):
            return dg.SkipReason(f"The last run of {job.name} is still at work; it lands what is new.")
        return dg.RunRequest()

    return on_contract_schedule


def refresh_job(customers: dg.AssetsDefinition, contracts: Sequence[FeedContract]) -> dg.UnresolvedAssetJobDefinition:
    """Identity with its statistics, marts, audit and publish; and the status of every feed, running or not."""
    return dg.define_asset_job(
        REFRESH,
        selection=dg.AssetSelection.assets(*customers.keys)
        | dg.AssetSelection.checks(*(currency_key(contract) for contract in contracts), *identity_check_keys()),
        description="Recognise customers, rebuild the marts, audit and publish.",
    )


def rematch_job(customers: dg.AssetsDefinition) -> dg.UnresolvedAssetJobDefinition:
    """As `refresh`, with all records matched anew; fails when that would affect more customers than may be unasked."""
    return dg.define_asset_job(
        REMATCH,
        selection=dg.AssetSelection.assets(*customers.keys) | dg.AssetSelection.checks(*identity_check_keys()),
        config=dg.RunConfig({REFRESH_CUSTOMERS: RefreshConfig(is_rematch=True)}),
        description="Match all records anew, rebuild the marts, audit and publish; changes nothing above the limit.",
    )


def rematch_schedule(job: dg.UnresolvedAssetJobDefinition) -> dg.ScheduleDefinition:
    """Every week, once somebody switches it on: it may move customers though nothing changed."""
    return dg.ScheduleDefinition(
        name=REMATCH,
        job=job,
        cron_schedule="0 4 * * 0",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="Sundays, when few people read: matches all records anew within the declared churn.",
    )


def is_at_work(instance: dg.DagsterInstance, job: str) -> bool:
    """Whether a run of the job is queued or running."""
    return bool(instance.get_run_ids(dg.RunsFilter(job_name=job, statuses=AT_WORK), limit=1))
