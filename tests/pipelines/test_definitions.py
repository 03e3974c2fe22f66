"""The asset graph of a small deployment, pinned; and what loading it costs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.definitions import build_definitions
from tests.pipelines.defs.deployment_factory import deployment
from warehouse.declared import mart_tables


@pytest.fixture
def definitions(tmp_path):
    return build_definitions(deployment(tmp_path))


def test_the_asset_graph_is_what_the_contracts_and_models_say(definitions):
    graph = definitions.resolve_asset_graph()
    upstream = {
        key.to_user_string(): sorted(parent.to_user_string() for parent in graph.get(key).parent_keys)
        for key in graph.get_all_asset_keys()
    }
    marts = sorted(f"marts/{table.name}" for table in mart_tables())
    fixed = {name: parents for name, parents in upstream.items() if not name.startswith("marts/")}
    assert fixed == {
        "landing/shop_accounts": [],
        "landing/shop_orders": [],
        "staging/shop_accounts": ["landing/shop_accounts"],
        "staging/shop_orders": ["landing/shop_orders"],
        "identity/customer_crosswalk": ["staging/shop_accounts", "staging/shop_orders"],
        "identity/golden_customers": ["identity/customer_crosswalk"],
        "published/customer_360": marts,
        "watch/monitor": [],
    }
    assert sorted(name for name in upstream if name.startswith("marts/")) == marts
    assert upstream["marts/fct_order"] == ["identity/customer_crosswalk", "staging/shop_orders"]
    assert "identity/golden_customers" in upstream["marts/dim_customer"]


def test_every_asset_has_an_owner_a_group_and_a_description(definitions):
    for spec in definitions.resolve_all_asset_specs():
        assert spec.owners, spec.key
        assert spec.group_name not in (None, "default"), spec.key
        assert spec.description, spec.key


def test_jobs_schedules_and_sensors_are_what_the_contracts_ask_for(definitions):
    repository = definitions.get_repository_def()
    jobs = {job.name for job in repository.get_all_jobs() if not job.name.startswith("__")}
    assert jobs == {"sync_shop_orders", "sync_shop_accounts", "refresh", "rematch", "watch", "reconcile"}
    schedules = {schedule.name: schedule for schedule in repository.schedule_defs}
    assert {name: (s.cron_schedule, s.execution_timezone) for name, s in schedules.items()} == {
        "sync_shop_orders": ("*/15 * * * *", "Europe/Berlin"),
        "sync_shop_accounts": ("0 3 * * 1", "UTC"),
        "rematch": ("0 4 * * 0", "UTC"),
        "watch": ("*/5 * * * *", "UTC"),
        "reconcile": ("30 2 * * *", "UTC"),
    }
    # A feed's schedule was promised; that customers move though nothing changed, somebody must want.
    running = {name for name, schedule in schedules.items() if schedule.default_status.value == "RUNNING"}
    assert running == {"sync_shop_orders", "sync_shop_accounts", "watch"}
    assert {sensor.name for sensor in repository.sensor_defs} == {"refresh_when_changed", "end_dead_runs"}


def test_what_writes_the_warehouse_waits_for_its_turn(definitions):
    steps = definitions.get_repository_def().assets_defs_by_key.values()
    pools = {assets.op.name: assets.op.pool for assets in steps if assets.is_executable}
    assert {name for name, pool in pools.items() if pool == "warehouse"} == {
        "staging__shop_orders",
        "staging__shop_accounts",
        "refresh_customers",
    }


def test_loading_the_shipped_contracts_imports_neither_great_expectations_nor_dbt_and_warns_of_nothing(tmp_path):
    script = (
        "import sys, pipelines.definitions as d; d.defs().get_repository_def().load_all_definitions();"
        "print([m for m in ('great_expectations', 'dbt', 'pandas') if m in sys.modules])"
    )
    environment = {**os.environ, "C360_HOME": str(tmp_path), "C360_FEEDS": "", "PYTHONWARNINGS": "default"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.strip() == "[]"
    assert "Warning" not in done.stderr
