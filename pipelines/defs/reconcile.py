"""The job `reconcile`: every feed held against its source, each in a step of its own; stopped until it is wanted."""

from collections.abc import Sequence

import dagster as dg

from connectors.contract import FeedContract
from connectors.tiers import WINDOWS, days_compared
from pipelines.defs.feeds import trouble_failure
from pipelines.deployment import Deployment
from pipelines.freshness.reconcile import reconcile_feed
from pipelines.ingest import stage_feed

RECONCILE = "reconcile"


class ReconcileConfig(dg.Config):
    """`wants_repair`: land and stage what differs; otherwise it is only written down, for alerts to tell.

    `days`: how far back, at least.
    """

    wants_repair: bool = False
    days: int = WINDOWS[-1]


def reconcile_job(deployment: Deployment) -> dg.JobDefinition:
    """Compare every feed with its source; a step fails only when its source cannot be read."""
    steps = [_step(deployment, contract) for contract in deployment.catalog.values()]

    @dg.job(name=RECONCILE, description="Hold what was landed of each feed against its source.")
    def reconcile() -> None:
        for step in steps:
            step()

    return reconcile


def reconcile_schedule(job: dg.JobDefinition, contracts: Sequence[FeedContract]) -> dg.ScheduleDefinition:
    """Every night, once somebody switches it on: it reads more of the sources than a sync does. On Sundays all."""

    def run_config(context: dg.ScheduleEvaluationContext) -> dict[str, object]:
        days = days_compared(context.scheduled_execution_time)
        return {"ops": {_step_name(contract): {"config": {"days": days}} for contract in contracts}}

    return dg.ScheduleDefinition(
        name=RECONCILE,
        job=job,
        cron_schedule="30 2 * * *",
        execution_timezone="UTC",
        run_config_fn=run_config,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="Each night: compare every feed with its source, back to 90 days, on Sundays all of it. "
        "What differs is told, not repaired.",
    )


def _step_name(contract: FeedContract) -> str:
    return f"reconcile_{contract.asset_name}"


def _step(deployment: Deployment, contract: FeedContract) -> dg.OpDefinition:
    @dg.op(name=_step_name(contract), tags={"feed": contract.feed})
    def step(context: dg.OpExecutionContext, config: ReconcileConfig) -> None:
        found = reconcile_feed(deployment, contract, days=config.days, wants_repair=config.wants_repair)
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
