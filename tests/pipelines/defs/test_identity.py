"""Statistics over all customers as asset checks, from rows written by hand."""

from pathlib import Path

import dagster as dg
import pytest

from pipelines.defs.identity import identity_checks
from pipelines.deployment import Deployment
from pipelines.identity.cluster_statistics.declared import statistics
from pipelines.identity.tables import ensure_schema
from tests.pipelines.defs.deployment_factory import NOON, deployment
from warehouse.connection import open_warehouse

NAMES = [statistic.name for statistic in statistics()]


@pytest.fixture
def here(tmp_path: Path) -> Deployment:
    return deployment(tmp_path)


def keep(here: Deployment, **rows: tuple[float | None, str, str]) -> None:
    """One run with statistics (value, status, note) of a thousand customers."""
    with open_warehouse(here.home.root) as connection:
        ensure_schema(connection)
        for name, (value, status, note) in rows.items():
            connection.execute(
                "INSERT INTO identity.cluster_statistic VALUES ('run', ?, ?, ?, 1000, NULL, NULL, NULL, ?, ?)",
                [NOON.replace(tzinfo=None), name, value, status, note],
            )


def results(here: Deployment) -> dict[str, dg.AssetCheckEvaluation]:
    job = dg.Definitions(asset_checks=[identity_checks(here)]).resolve_implicit_global_asset_job_def()
    done = job.execute_in_process()
    return {check.check_name: check for check in done.get_asset_check_evaluations()}


def test_a_status_is_a_result_and_unknown_is_none(here: Deployment) -> None:
    keep(
        here,
        single_records=(0.2, "PASS", "no change worth a look"),
        one_system=(0.5, "WARN", "rose from 40% to 50%"),
        churn=(0.06, "FAIL", "at most 5% expected"),
        low_confidence=(None, "UNKNOWN", "there are no customers with a link"),
    )
    found = results(here)
    assert {name: check.passed for name, check in found.items()} == {
        "single_records": True,
        "one_system": False,
        "churn": False,
    }
    assert found["one_system"].severity == dg.AssetCheckSeverity.WARN
    assert found["churn"].severity == dg.AssetCheckSeverity.ERROR
    assert found["churn"].description == "FAIL: 6% of 1,000 records known before; at most 5% expected"
    assert found["churn"].metadata["value"].value == 0.06


def test_each_statistic_is_a_check_of_the_crosswalk_that_names_its_runbook_heading(here: Deployment) -> None:
    specs = list(identity_checks(here).check_specs)
    assert [spec.name for spec in specs] == NAMES
    assert {spec.asset_key.to_user_string() for spec in specs} == {"identity/customer_crosswalk"}
    assert "'People run together' in the runbook" in (specs[0].description or "")
