"""A deployment with two feeds of a small shop in SQLite, and its definitions. The clock stands still."""

import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from connectors.catalog import load_catalog
from pipelines.definitions import build_definitions
from pipelines.deployment import Deployment
from pipelines.settings import Home

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)

ORDERS = """
feed: shop.orders
description: Orders of the shop.
grain: One row per order.
owner: team:shop
schedule: "*/15 * * * *"
timezone: Europe/Berlin
freshness: {promise: 26h, grace: 4h}
source: {kind: sql, connection: SHOP, table: orders}
cursor: {column: updated_at}
columns:
  order_id: id
  account_id: customer_id
  ordered_at: created_at
  currency: currency
  total_amount: total
  updated_at: updated_at
"""
ACCOUNTS = """
feed: shop.accounts
description: Customers of the shop.
grain: One row per customer.
owner: ops@shop.example
schedule: "0 3 * * 1"
freshness: {promise: 8d}
source: {kind: sql, connection: SHOP, table: customers}
columns:
  account_id: id
  full_name: name
  email: email
"""

Order = tuple[str, str | None, str | None, str, str, str]


def order(number: int, *, ordered_at: str | None = "2026-11-21 10:00:00", total: str = "10.00") -> Order:
    """Ordered by customer 1 and last changed at 11:00."""
    return (str(number), "1", ordered_at, "EUR", total, "2026-11-21 11:00:00")


def shop(folder: Path, orders: Iterable[Order] = ()) -> Path:
    """The shop's database with one customer."""
    path = folder / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE orders (id, customer_id, created_at, currency, total, updated_at)")
        connection.execute("CREATE TABLE customers (id, name, email)")
        connection.execute("INSERT INTO customers VALUES ('1', 'Ada Byron', 'ada@example.org')")
    connection.close()
    add_orders(path, orders)
    return path


def add_orders(path: Path, orders: Iterable[Order]) -> None:
    with sqlite3.connect(path) as connection:
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)", orders)
    connection.close()


def deployment(folder: Path, contracts: Iterable[str] = (ORDERS, ACCOUNTS), now: datetime = NOON) -> Deployment:
    """A deployment under `folder`; its shop is `folder`/shop.db."""
    for contract in contracts:
        system, name = contract.split("feed: ", 1)[1].split("\n", 1)[0].split(".")
        path = folder / "feeds" / system / f"{name}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(contract, encoding="utf-8")
    return Deployment(
        home=Home(folder / "home"),
        catalog=load_catalog([folder / "feeds"]),
        environment={"SHOP": f"sqlite:///{folder / 'shop.db'}", "DROPS": str(folder / "drops")},
        clock=lambda: now,
        sleep=lambda _: None,
    )


def run(here: Deployment, job: str, instance: dg.DagsterInstance | None = None) -> dg.ExecuteInProcessResult:
    """Execute a job as Dagster does, in this process."""
    definition = build_definitions(here).resolve_job_def(job)
    return definition.execute_in_process(instance=instance, raise_on_error=False)


def check_results(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    """Check → passed, for the checks that gave a result."""
    return {check.check_name: check.passed for check in result.get_asset_check_evaluations()}


def metadata_of(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, object]:
    """What the asset's materialisation reported."""
    [event] = [e for e in result.get_asset_materialization_events() if e.asset_key.to_user_string() == asset]
    found = event.step_materialization_data.materialization.metadata
    return {name: value.value for name, value in found.items()}


def failures(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """Failed step → what Dagster shows of it."""
    found = {}
    for event in result.all_events:
        if event.is_step_failure:
            data = event.step_failure_data
            found[event.step_key] = data.user_failure_data.description if data.user_failure_data else str(data.error)
    return found
