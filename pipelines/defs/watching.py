"""The schedule that looks at all feeds, and the job that shows what was found.

The looking is done in the schedule's tick, as it costs less than starting a run. A run is asked for only when a verdict
changed, for just those checks: a look each five minutes at each failure of each feed would fill Dagster's storage.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import dagster as dg
from dagster import DagsterRunStatus

from connectors.contract import FeedContract
from pipelines.defs.failures import failure_keys
from pipelines.defs.jobs import is_at_work
from pipelines.deployment import Deployment
from pipelines.ledger.database import Ledger, stamp
from pipelines.ledger.findings import latest_verdicts
from pipelines.trouble import NothingThere
from pipelines.watch import watch

WATCH = "watch"


def watch_job(contracts: Sequence[FeedContract]) -> dg.UnresolvedAssetJobDefinition:
    """Show what the last look found."""
    keys = failure_keys(contracts).values()
    return dg.define_asset_job(
        WATCH, selection=dg.AssetSelection.checks(*keys), description="Show on each feed what its detectors found."
    )


def watch_schedule(
    deployment: Deployment, contracts: Sequence[FeedContract], job: dg.UnresolvedAssetJobDefinition
) -> dg.ScheduleDefinition:
    """Look at every feed each five minutes; alerts open and close by it."""

    @dg.schedule(
        name=WATCH,
        job=job,
        cron_schedule="*/5 * * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Looks at every feed's evidence, and opens and closes alerts by it.",
    )
    def look(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        try:
            watch(deployment)
        except NothingThere:
            return dg.SkipReason("Nothing was synced yet, so there is nothing to look at.")
        if is_at_work(context.instance, WATCH):
            return dg.SkipReason("Looked at every feed; the last change is still being shown.")
        shown = context.instance.get_run_records(
            dg.RunsFilter(job_name=WATCH, statuses=[DagsterRunStatus.SUCCESS]), limit=1
        )
        changed = _changed_since(deployment, contracts, shown[0].create_timestamp if shown else None)
        if not changed:
            return dg.SkipReason("Looked at every feed; every verdict is as before.")
        return dg.RunRequest(asset_check_keys=changed)

    return look


def _changed_since(
    deployment: Deployment, contracts: Sequence[FeedContract], shown_at: datetime | None
) -> list[dg.AssetCheckKey]:
    """Checks whose worst verdict began after it was last shown. What became UNKNOWN keeps what is shown of it."""
    keys = failure_keys(contracts)
    with Ledger(deployment.home.ledger) as ledger:
        verdicts = latest_verdicts(ledger)
    return [
        keys[thing]
        for thing, rows in verdicts.items()
        if thing in keys
        and rows[0]["verdict"] != "UNKNOWN"
        and (shown_at is None or rows[0]["first_at"] > stamp(shown_at))
    ]
