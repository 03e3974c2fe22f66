"""Asset checks of the crosswalk: one per statistic over all customers, as the last run that changed something left it.

A statistic without evidence (too few customers, no former run) gives no result: Dagster shows the check as skipped.
Dagster reads the annotation of `context` as a type, so annotations here are not strings.
"""

from collections.abc import Iterator

import dagster as dg

from pipelines.defs.keys import CROSSWALK, WAREHOUSE_POOL
from pipelines.deployment import Deployment
from pipelines.identity.cluster_statistics.declared import Statistic, statistics
from pipelines.identity.cluster_statistics.record import Judged, latest
from warehouse.connection import open_reader


def identity_check_keys() -> list[dg.AssetCheckKey]:
    """One check per declared statistic."""
    return [dg.AssetCheckKey(CROSSWALK, statistic.name) for statistic in statistics()]


def identity_checks(deployment: Deployment) -> dg.AssetChecksDefinition:
    """All statistics in one step, which reads what the refresh before it kept."""

    # Outputs of a step that can be subset need not be emitted: a statistic without evidence has nothing to say.
    @dg.multi_asset_check(
        name="identity_quality", specs=[_spec(one) for one in statistics()], can_subset=True, pool=WAREHOUSE_POOL
    )
    def identity_quality(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        with open_reader(deployment.home.warehouse) as connection:
            judged = latest(connection)
        declared = {statistic.name: statistic for statistic in statistics()}
        for one in judged:
            is_selected = dg.AssetCheckKey(CROSSWALK, one.statistic) in context.selected_asset_check_keys
            if is_selected and one.status != "UNKNOWN":
                yield _result(one, declared[one.statistic])

    return identity_quality


def _spec(statistic: Statistic) -> dg.AssetCheckSpec:
    expected = f" Expected: {statistic.expected}. {statistic.reason}" if statistic.has_range else ""
    return dg.AssetCheckSpec(
        statistic.name,
        asset=CROSSWALK,
        description=f"{statistic.meaning}{expected} See '{statistic.alert}' in the runbook.",
    )


def _result(judged: Judged, statistic: Statistic) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=CROSSWALK,
        check_name=judged.statistic,
        passed=judged.status == "PASS",
        severity=dg.AssetCheckSeverity.ERROR if judged.status == "FAIL" else dg.AssetCheckSeverity.WARN,
        description=f"{judged.status}: {statistic.shown(judged.value)} of {judged.base:,} {statistic.base_of}; "
        f"{judged.note}",
        metadata={
            "value": judged.value,
            "base": judged.base,
            "run": judged.run_id,
            **({"former_value": judged.former_value} if judged.former_value is not None else {}),
        },
    )
