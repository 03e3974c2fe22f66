"""The job `reconcile`: every feed held against its source, each in a step of its own; stopped until it is wanted."""

import dagster as dg

from connectors.contract import FeedContract
from pipelines.defs.feeds import trouble_failure
from pipelines.deployment import Deployment
from pipelines.freshness.reconcile import reconcile_feed
from pipelines.ingest import stage_feed

RECONCILE = "reconcile"


class ReconcileConfig(dg.Config):
    """`wants_repair`: land and stage what differs; otherwise it is only written down, for alerts to tell."""

    wants_repair: bool = False


def reconcile_job(deployment: Deployment) -> dg.JobDefinition:
    """Compare every feed with its source; a step fails only when its source cannot be read."""
    steps = [_step(deployment, contract) for contract in deployment.catalog.values()]

    @dg.job(name=RECONCILE, description="Hold what was landed of each feed against its source, back to 90 days.")
    def reconcile() -> None:
        for step in steps:
            step()

    return reconcile


def reconcile_schedule(job: dg.JobDefinition) -> dg.ScheduleDefinition:
    """Every night, once somebody switches it on: it reads more of the sources than a sync does."""
    return dg.ScheduleDefinition(
        name=RECONCILE,
        job=job,
        cron_schedule="30 2 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="Each night: compare every feed with its source. What differs is told, not repaired.",
    )


def _step(deployment: Deployment, contract: FeedContract) -> dg.OpDefinition:
    @dg.op(name=f"reconcile_{contract.asset_name}", tags={"feed": contract.feed})
    def step(context: dg.OpExecutionContext, config: ReconcileConfig) -> None:
        found = reconcile_feed(deployment, contract, wants_repair=config.wants_repair)
        if found.batch_ids:
            staged = stage_feed(deployment, contract, None)
            if staged.troubles:
                raise dg.Failure(" ".join(staged.troubles), allow_retries=staged.is_retryable)
        if found.trouble is not None:
            raise trouble_failure(found.trouble)
        context.add_output_metadata(
            {"differing": found.differing, "landed": found.rows_landed, "note": found.note or "compared"}
        )

    return step
