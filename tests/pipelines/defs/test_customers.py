"""A refresh as Dagster runs it, after feeds were synced for real."""

from datetime import timedelta

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
