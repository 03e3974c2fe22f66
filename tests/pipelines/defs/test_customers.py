"""A refresh as Dagster runs it, after feeds were synced for real."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.deployment import Deployment
from pipelines.identity import linkage
from pipelines.ledger import leases
from pipelines.ledger.database import Ledger
from tests.pipelines.defs.deployment_factory import (
    NOON,
    check_results,
    deployment,
    failures,
    metadata_of,
    order,
    run,
    shop,
)
from warehouse.connection import open_reader


def test_a_refresh_publishes_and_says_which_feeds_are_not_current(tmp_path):
    shop(tmp_path, [order(1), order(2)])
    here = deployment(tmp_path)
    assert run(here, "sync_shop_accounts").success
    assert run(here, "sync_shop_orders").success

    tomorrow = deployment(tmp_path, now=NOON + timedelta(hours=29))
    refreshed = run(tomorrow, "refresh")
    assert refreshed.success, failures(refreshed)
    published = metadata_of(refreshed, "published/customer_360")
    assert published["customers"] == 1
    assert published["feeds_not_current"] == "shop.orders LATE"
    assert metadata_of(refreshed, "marts/customer_360")["dagster/row_count"] == 1
    checks = refreshed.get_asset_check_evaluations()
    current = {check.asset_key.to_user_string(): check.passed for check in checks if check.check_name == "is_current"}
    assert current == {"staging/shop_accounts": True, "staging/shop_orders": False}
    # One customer tells of no share.
    about_identity = [check for check in checks if check.asset_key.to_user_string() == "identity/customer_crosswalk"]
    assert [(check.check_name, check.passed) for check in about_identity] == [("largest_customer", True)]
    assert here.home.published.exists()


def test_a_refresh_beside_another_one_says_who_is_at_work(tmp_path):
    shop(tmp_path)
    here = deployment(tmp_path)
    with (
        Ledger(here.home.ledger) as ledger,
        leases.held(ledger, "warehouse", clock=here.clock, patience=here.patience, sleep=here.sleep),
    ):
        result = run(here, "refresh")
    assert "warehouse is being worked on by process" in failures(result)["refresh_customers"]
    assert check_results(result) == {"is_current": False}, "a feed that never ran is not current"


def matched_when_nobody_joined(folder: Path, names: list[str]) -> Deployment:
    """A deployment whose people have two accounts each, all of them customers of their own."""
    path = shop(folder)
    with sqlite3.connect(path) as connection:
        rows = [(str(2 + at), name, f"p{at // 2}@mail.example") for at, name in enumerate(sorted(names * 2))]
        connection.executemany("INSERT INTO customers VALUES (?, ?, ?)", rows)
    connection.close()
    here = deployment(folder)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(linkage, "THRESHOLD", 1000.0)
        assert run(here, "sync_shop_accounts").success
        assert run(here, "refresh").success
    return here


def customers(here: Deployment) -> int:
    with open_reader(here.home.published) as connection:
        return len(connection.execute("FROM customer_360").fetchall())


def test_a_rematch_within_the_limit_is_applied_and_published(tmp_path):
    here = matched_when_nobody_joined(tmp_path, ["Ann Lee", "Bo Yu"])
    assert customers(here) == 5
    result = run(deployment(tmp_path, now=NOON + timedelta(hours=1)), "rematch")
    assert result.success, failures(result)
    assert metadata_of(result, "identity/customer_crosswalk")["merges"] == 2
    assert customers(here) == 3


def test_a_rematch_above_the_limit_fails_with_its_report_and_without_names(tmp_path):
    names = ["Ann Lee", "Bo Yu", "Zoe Quill", "Ida Moss", "Per Hay", "Eve Dorn", "Kim Vance", "Olaf Berg", "Uma Iyer",
             "Jan Kool", "Rosa Diaz"]  # fmt: skip
    here = matched_when_nobody_joined(tmp_path, names)
    result = run(deployment(tmp_path, now=NOON + timedelta(hours=1)), "rematch")
    assert "would affect 22 of 23 customers (95.7%)" in failures(result)["refresh_customers"]
    (failed,) = (event for event in result.all_events if event.is_step_failure)
    found = failed.step_failure_data.user_failure_data.metadata
    assert (found["merges"].value, found["affected"].value, found["most_customers"].value) == (11, 22, 20)
    assert {one["display_name"] for one in found["most_affected"].value} == {None}
    assert customers(here) == 23
