"""The assets of a feed, executed for real against a shop in SQLite and files in a folder."""

import sqlite3

import dagster as dg

from connectors.delivery import FeedTrouble
from pipelines.definitions import build_definitions
from pipelines.defs.feeds import trouble_failure
from tests.pipelines.defs.deployment_factory import (
    ORDERS,
    add_orders,
    check_results,
    deployment,
    failures,
    metadata_of,
    order,
    run,
    shop,
)

FILES = ORDERS.replace("{kind: sql, connection: SHOP, table: orders}", "SOURCE").replace(
    "cursor: {column: updated_at}\n", ""
)


def test_a_feed_is_landed_judged_and_staged_and_a_second_run_finds_nothing_new(tmp_path):
    source = shop(tmp_path, [order(1), order(2, ordered_at=None)])
    here = deployment(tmp_path)

    first = run(here, "sync_shop_orders")
    assert first.success, failures(first)
    assert metadata_of(first, "landing/shop_orders")["dagster/row_count"] == 2
    staged = metadata_of(first, "staging/shop_orders")
    assert (staged["rows_in"], staged["rows_new"], staged["rows_quarantined"]) == (2, 1, 1)
    assert (staged["dagster/row_count"], staged["rows_in_quarantine_now"]) == (1, 1)
    checks = check_results(first)
    assert checks["nothing_lost"]
    assert not checks["ordered_at_missing"]
    assert checks["order_id_missing"]
    assert checks["is_current"]

    second = run(here, "sync_shop_orders")
    assert second.success
    assert metadata_of(second, "landing/shop_orders")["dagster/row_count"] == 0
    assert metadata_of(second, "staging/shop_orders")["dagster/row_count"] == 1
    assert check_results(second) == {"is_current": True}, "without new rows no rule has evidence"

    add_orders(source, [order(3)])
    assert metadata_of(run(here, "sync_shop_orders"), "staging/shop_orders")["rows_new"] == 1


def test_a_source_in_trouble_fails_landing_with_the_fact_and_the_next_step(tmp_path):
    with sqlite3.connect(shop(tmp_path)) as connection:
        connection.execute("DROP TABLE orders")
    connection.close()
    result = run(deployment(tmp_path), "sync_shop_orders")
    assert not result.success
    [(step, shown)] = failures(result).items()
    assert step == "landing__shop_orders"
    assert shown.startswith("shop.orders: ")
    assert "orders" in shown.removeprefix("shop.orders: ")
    assert result.get_asset_materialization_events() == []


def test_dagster_repeats_only_what_a_repetition_can_help():
    for is_retryable in (True, False):
        trouble = FeedTrouble("shop.orders", "no answer", "Try later.", kind="unreachable", is_retryable=is_retryable)
        failure = trouble_failure(trouble)
        assert failure.allow_retries is is_retryable
        assert failure.description == "shop.orders: no answer. Try later."
        assert failure.metadata["next_step"].value == "Try later."


def test_what_landed_before_the_trouble_is_staged_before_the_run_fails(tmp_path):
    drops = tmp_path / "drops"
    drops.mkdir()
    header = "id,customer_id,created_at,currency,total,updated_at\n"
    (drops / "orders-1.csv").write_text(f"{header}1,1,2026-11-21 10:00:00,EUR,10.00,2026-11-21 11:00:00\n")
    (drops / "orders-2.csv").write_text("number,amount\n2,10.00\n")
    source = "{kind: files, connection: DROPS, pattern: 'orders-*.csv', format: csv}"
    here = deployment(tmp_path, [FILES.replace("SOURCE", source)])

    result = run(here, "sync_shop_orders")
    assert not result.success
    assert metadata_of(result, "landing/shop_orders")["dagster/row_count"] == 1
    assert metadata_of(result, "staging/shop_orders")["rows_new"] == 1
    [(step, shown)] = failures(result).items()
    assert step == "staging__shop_orders"
    assert "orders-2.csv" in shown


def test_a_rule_cannot_be_judged_apart_from_staging(tmp_path):
    shop(tmp_path, [order(1)])
    rule = dg.AssetCheckKey(dg.AssetKey(["staging", "shop_orders"]), "order_id_missing")
    only = dg.define_asset_job("only_a_rule", selection=dg.AssetSelection.checks(rule))
    definitions = dg.Definitions.merge(build_definitions(deployment(tmp_path)), dg.Definitions(jobs=[only]))
    result = definitions.resolve_job_def("only_a_rule").execute_in_process(raise_on_error=False)
    assert failures(result)["staging__shop_orders"].endswith("Materialise staging/shop_orders.")
    assert check_results(result) == {}
