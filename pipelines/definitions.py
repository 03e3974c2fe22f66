"""What Dagster loads: makes the clock and the deployment, and puts the assets, checks, jobs and sensors together.

Everything runs in one process per run: ten trivial assets cost ten times the processor time when each has its own.
Neither Great Expectations nor dbt is imported here; a run imports them when it has rows to judge or marts to build.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

import dagster as dg

from connectors.catalog import load_catalog
from pipelines.defs.currency import currency_check
from pipelines.defs.customers import customer_assets
from pipelines.defs.failures import MONITOR_ASSET, failure_checks
from pipelines.defs.feeds import landing_asset, staging_asset
from pipelines.defs.identity import identity_checks
from pipelines.defs.jobs import refresh_job, rematch_job, rematch_schedule, sync_job, sync_schedule
from pipelines.defs.reconcile import reconcile_job, reconcile_schedule
from pipelines.defs.sensors import end_dead_runs, refresh_sensor
from pipelines.defs.watching import watch_job, watch_schedule
from pipelines.deployment import Deployment
from pipelines.settings import load_settings, silence_telemetry


@dg.definitions
def defs() -> dg.Definitions:
    """The deployment that the environment names (C360_HOME, C360_FEEDS)."""
    silence_telemetry()
    settings = load_settings()
    return build_definitions(
        Deployment(
            home=settings.home,
            catalog=load_catalog(settings.feeds),
            environment=settings.environment,
            clock=lambda: datetime.now(UTC),
            sleep=time.sleep,
            churn_limit=settings.churn_limit,
            alerts_file=settings.alerts_file,
            openlineage=settings.openlineage,
            mask_key=settings.mask_key,
        )
    )


def build_definitions(deployment: Deployment) -> dg.Definitions:
    """Everything that Dagster shows of a deployment.

    Raises:
        SuiteTrouble: a suite file is wrong.
        warehouse.declared.DeclarationTrouble: a model leaves out its description.
    """
    contracts = list(deployment.catalog.values())
    customers = customer_assets(deployment, contracts)
    syncs = {contract.feed: sync_job(contract) for contract in contracts}
    refresh = refresh_job(customers, contracts)
    rematch = rematch_job(customers)
    watch = watch_job(contracts)
    reconcile = reconcile_job(deployment)
    return dg.Definitions(
        assets=[
            *(landing_asset(deployment, contract) for contract in contracts),
            *(staging_asset(deployment, contract) for contract in contracts),
            customers,
            MONITOR_ASSET,
        ],
        asset_checks=[
            currency_check(deployment, contracts),
            failure_checks(deployment, contracts),
            identity_checks(deployment),
        ],
        jobs=[*syncs.values(), refresh, rematch, watch, reconcile],
        schedules=[
            *(sync_schedule(contract, syncs[contract.feed]) for contract in contracts),
            rematch_schedule(rematch),
            watch_schedule(deployment, contracts, watch),
            reconcile_schedule(reconcile, contracts),
        ],
        sensors=[refresh_sensor(deployment, refresh), end_dead_runs],
        executor=dg.in_process_executor,
    )
