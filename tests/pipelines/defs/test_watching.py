"""The schedule looks at every feed, and only what changed is shown by a run."""

from datetime import timedelta

import dagster as dg
import pytest

from pipelines.definitions import build_definitions
from pipelines.defs.failures import failure_key, failure_keys
from pipelines.ledger.alerts import read_alerts
from pipelines.ledger.database import Ledger, stamp
from pipelines.ledger.matters import Matter, record_matters
from tests.pipelines.defs.deployment_factory import NOON, check_results, deployment


@pytest.fixture
def instance():
    with dg.instance_for_test() as made:
        yield made


def tick(here, instance):
    schedule = build_definitions(here).get_repository_def().get_schedule_def("watch")
    return schedule.evaluate_tick(dg.build_schedule_context(instance=instance, scheduled_execution_time=NOON))


def add_run(here, status, started_at):
    with Ledger(here.home.ledger) as ledger:
        ledger.write(
            "INSERT INTO feed_run (run_id, feed, kind, status, lease_token, contract_version, started_at, ended_at)"
            " VALUES (?, 'shop.orders', 'live', ?, 1, 'v', ?, ?)",
            f"run-{stamp(started_at)}",
            status,
            stamp(started_at),
            stamp(started_at),
        )


def test_a_tick_without_evidence_shows_nothing_and_opens_nothing(tmp_path, instance):
    here = deployment(tmp_path)
    assert tick(here, instance).skip_message == "Nothing was synced yet, so there is nothing to look at."
    assert not here.home.ledger.exists()
    Ledger(here.home.ledger).close()
    assert tick(here, instance).skip_message == "Looked at every feed; every verdict is as before."
    with Ledger(here.home.ledger) as ledger:
        assert read_alerts(ledger, closed_since=None) == []


def test_a_tick_opens_alerts_and_asks_for_a_run_of_the_checks_that_changed(tmp_path, instance):
    here = deployment(tmp_path)
    for back in (3, 2, 1):
        add_run(here, "FAILED", NOON - back * timedelta(minutes=5))
    [request] = tick(here, instance).run_requests
    orders = here.catalog["shop.orders"]
    assert {failure_key(orders, name) for name in ("failing", "not_running")} <= set(request.asset_check_keys)
    with Ledger(here.home.ledger) as ledger:
        assert [alert.failure for alert in read_alerts(ledger, closed_since=None)] == ["failing"]
    job = build_definitions(here).resolve_job_def("watch")
    result = job.execute_in_process(instance=instance, asset_selection=None)
    shown = {
        name: passed for name, passed in check_results(result).items() if name in ("feed_failing", "feed_not_running")
    }
    assert shown == {"feed_failing": False, "feed_not_running": True}
    # Accounts were never tried: UNKNOWN, so no result of theirs.
    assert {check.asset_key.path[-1] for check in result.get_asset_check_evaluations()} == {"shop_orders"}
    # Shown just now, by the real clock, which is later than the deployment's; so nothing is new.
    assert tick(here, instance).run_requests == []


def test_watching_itself_has_checks_of_its_own(tmp_path, instance):
    here = deployment(tmp_path)
    with Ledger(here.home.ledger) as ledger:  # a look was agreed on for an hour ago, and nobody looked
        ledger.write(
            "INSERT INTO watching VALUES (?, ?, ?, 1)",
            stamp(NOON - timedelta(hours=2)),
            stamp(NOON - timedelta(hours=2)),
            stamp(NOON - timedelta(hours=1)),
        )
    [request] = tick(here, instance).run_requests
    assert [check.name for check in request.asset_check_keys] == ["feed_unwatched"]
    result = build_definitions(here).resolve_job_def("watch").execute_in_process(instance=instance)
    assert check_results(result) == {"feed_unwatched": False}


def test_what_is_learned_of_a_feed_has_checks_as_well(tmp_path):
    orders = deployment(tmp_path).catalog["shop.orders"]
    assert ("shop.orders", "unusual_volume") in failure_keys([orders])


def test_a_matter_of_customers_is_a_check_of_the_table_that_tells_it(tmp_path, instance):
    here = deployment(tmp_path)
    with Ledger(here.home.ledger) as ledger:
        act = Matter("instruction_contradicted", "C1", 1, 1, "check-7 payment presented", NOON - timedelta(days=2))
        owed = Matter("follow_up_overdue", "service desk", 3, 2, "E1 owes 3", NOON - timedelta(days=1))
        record_matters(ledger, [act, owed], NOON)
    [request] = tick(here, instance).run_requests
    assert {(*check.asset_key.path, check.name) for check in request.asset_check_keys} == {
        ("marts", "contradiction", "feed_instruction_contradicted"), ("marts", "follow_up", "feed_follow_up_overdue")
    }  # fmt: skip
    result = build_definitions(here).resolve_job_def("watch").execute_in_process(instance=instance)
    assert check_results(result) == {"feed_instruction_contradicted": False, "feed_follow_up_overdue": False}
    with Ledger(here.home.ledger) as ledger:  # it was made good, and done
        record_matters(ledger, [], NOON + timedelta(minutes=1))
    tick(here, instance)
    result = build_definitions(here).resolve_job_def("watch").execute_in_process(instance=instance)
    assert check_results(result) == {"feed_instruction_contradicted": True, "feed_follow_up_overdue": True}
