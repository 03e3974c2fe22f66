"""Sensors and schedules, ticked by hand on an instance of their own."""

import os
import signal
import subprocess
import sys
import uuid
from datetime import timedelta

import dagster as dg
import pytest
from dagster import DagsterRunStatus

from pipelines.definitions import build_definitions
from pipelines.defs.sensors import REST_AFTER_FAILURE, sweep_dead_runs
from pipelines.sync import sync
from tests.pipelines.defs.deployment_factory import NOON, deployment, shop

# A run that tells its parent its id and then works until it is killed.
ENDLESS_RUN = """
import time
import dagster as dg

@dg.op
def work(context):
    print(context.run.run_id, flush=True)
    time.sleep(300)

@dg.job
def endless():
    work()

endless.execute_in_process(instance=dg.DagsterInstance.get())
"""


@pytest.fixture
def instance():
    with dg.instance_for_test() as made:
        yield made


def add_run(instance: dg.DagsterInstance, job: str, status: DagsterRunStatus) -> dg.DagsterRun:
    run = dg.DagsterRun(job_name=job, run_id=str(uuid.uuid4()), status=DagsterRunStatus.STARTED)
    instance.add_run(run)
    if status == DagsterRunStatus.FAILURE:
        instance.report_run_failed(run)
    return run


def refresh_tick(here, instance):
    sensor = build_definitions(here).get_repository_def().get_sensor_def("refresh_when_changed")
    with dg.build_sensor_context(instance=instance) as context:
        return sensor(context)


@pytest.fixture
def home_with_rows(tmp_path):
    """Where a customer was staged and nothing is published."""
    shop(tmp_path)
    here = deployment(tmp_path)
    sync(here, list(here.catalog.values()), wants_refresh=False)
    return tmp_path


def test_no_refresh_is_asked_for_while_nothing_was_staged(tmp_path, instance):
    assert refresh_tick(deployment(tmp_path), instance).skip_message == "Nothing is new for readers."


def test_a_refresh_is_asked_for_when_nothing_is_published_yet(home_with_rows, instance):
    request = refresh_tick(deployment(home_with_rows), instance)
    assert request.run_key == "after none"
    assert request.tags["reason"] == "nothing is published yet"


def test_no_second_refresh_is_asked_for_while_one_is_at_work(home_with_rows, instance):
    add_run(instance, "refresh", DagsterRunStatus.STARTED)
    assert refresh_tick(deployment(home_with_rows), instance).skip_message == "A refresh is at work."


def test_a_refresh_that_failed_is_asked_for_again_after_a_rest(home_with_rows, instance):
    failed = add_run(instance, "refresh", DagsterRunStatus.FAILURE)
    ended = instance.get_run_record_by_id(failed.run_id).create_timestamp
    waits = (timedelta(minutes=1), 2 * REST_AFTER_FAILURE)
    soon, later = (deployment(home_with_rows, now=ended + wait) for wait in waits)
    assert "the next" in refresh_tick(soon, instance).skip_message
    assert refresh_tick(later, instance).run_key == f"after {failed.run_id}"


def test_a_schedule_skips_while_the_last_run_of_its_feed_is_at_work(tmp_path, instance):
    schedule = build_definitions(deployment(tmp_path)).get_repository_def().get_schedule_def("sync_shop_orders")

    def tick():
        return schedule.evaluate_tick(dg.build_schedule_context(instance=instance, scheduled_execution_time=NOON))

    assert len(tick().run_requests) == 1
    add_run(instance, "sync_shop_accounts", DagsterRunStatus.STARTED)
    assert len(tick().run_requests) == 1, "another feed does not matter"
    add_run(instance, "sync_shop_orders", DagsterRunStatus.STARTED)
    assert tick().run_requests == []
    assert "still at work" in tick().skip_message


def test_a_run_whose_process_was_killed_is_ended_and_a_living_one_is_not(tmp_path, instance):
    home = {**os.environ, "DAGSTER_HOME": instance.root_directory}
    command = [sys.executable, "-c", ENDLESS_RUN]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=home)
    try:
        run_id = process.stdout.readline().strip()
        assert sweep_dead_runs(instance) == []
        assert instance.get_run_by_id(run_id).status == DagsterRunStatus.STARTED
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert sweep_dead_runs(instance) == [run_id]
    assert instance.get_run_by_id(run_id).status == DagsterRunStatus.FAILURE
    assert sweep_dead_runs(instance) == []


def test_a_run_that_has_not_named_its_process_yet_is_left_alone(instance):
    add_run(instance, "refresh", DagsterRunStatus.STARTED)
    assert sweep_dead_runs(instance) == []
