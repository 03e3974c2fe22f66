"""A shop's orders in a real database, a home that lands and reconciles them, and a clock that stands still."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import adbc_driver_postgresql.dbapi as postgres

from connectors.contract import FeedContract
from pipelines.deployment import Deployment
from pipelines.freshness.reconcile import Reconciliation, reconcile_feed
from pipelines.ingest import stage_feed
from pipelines.land import land_feed
from pipelines.ledger.database import Ledger
from pipelines.settings import Home
from tests.connectors.source_factory import order_contract
from warehouse.connection import open_warehouse

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
COLUMNS = {
    "order_id": "id",
    "customer_name": "name",
    "ordered_at": "placed_at",
    "currency": {"value": "EUR"},
    "total_amount": "total",
    "updated_at": "changed_at",
}
# Instants with zone, exact decimals, letters beyond ASCII, floats and NULLs.
TABLE = {
    "sqlite": """id INTEGER PRIMARY KEY, name TEXT, placed_at TEXT, total NUMERIC, weight REAL, deleted_at TEXT,
                 changed_at TEXT""",
    "postgres": """id bigint PRIMARY KEY, name text, placed_at timestamptz, total numeric(12, 2), weight float8,
                   deleted_at timestamptz, changed_at timestamptz""",
}


class Desk:
    """One feed over a real database. `execute` runs a statement at the source, outside of everything we do."""

    def __init__(self, folder: Path, url: str, execute: Callable[[str], object], **changes: Any) -> None:
        self.execute, self.now = execute, NOON
        source = changes.pop("source", {"kind": "sql", "table": "orders"})
        columns = {**COLUMNS, **changes.pop("columns", {})}
        defaults = {"cursor": {"column": "changed_at", "overlap": "1h"}, "totals": ["total"]}
        defaults["deletes"] = {"policy": "tombstone", "when": "deleted_at IS NOT NULL"}
        self.contract: FeedContract = order_contract(source, columns, **{**defaults, **changes})
        self.deployment = Deployment(
            home=Home(folder / "home"),
            catalog={self.contract.feed: self.contract},
            environment={"SHOP": url},
            clock=lambda: self.now,
            sleep=lambda _seconds: None,
            patience=timedelta(0),
        )

    def orders(self, first: int, last: int, *, days_ago: float = 0.0) -> None:
        """Orders of these numbers, a minute apart, the last of them changed so long before noon."""
        minutes = ((number, timedelta(days=days_ago, minutes=last - number)) for number in range(first, last + 1))
        rows = ", ".join(_order(number, NOON - ago) for number, ago in minutes)
        self.execute(f"INSERT INTO orders VALUES {rows}")

    def order(self, number: int, at: datetime, total: str = "10.50") -> None:
        self.execute(f"INSERT INTO orders VALUES {_order(number, at, total)}")

    def land(self) -> int:
        """What a sync lands, in rows."""
        self.now += timedelta(minutes=15)
        landing = land_feed(self.deployment, self.contract)
        assert landing.trouble is None
        return landing.rows_landed

    def reconcile(self, *, days: int = 90, wants_repair: bool = False) -> Reconciliation:
        self.now += timedelta(minutes=1)
        return reconcile_feed(self.deployment, self.contract, days=days, wants_repair=wants_repair)

    def differing(self) -> tuple[int, int, int]:
        """Rows missing, outdated and extra, as a reconcile of ninety days finds them now."""
        found = self.reconcile()
        assert found.trouble is None
        assert found.results
        results = found.results
        return sum(r.missing for r in results), sum(r.outdated for r in results), sum(r.extra for r in results)

    def ledger(self) -> Ledger:
        return Ledger(self.deployment.home.ledger)

    def staged(self, columns: str, number: int) -> tuple[Any, ...] | None:
        """A staged order, once all that was landed is staged."""
        assert stage_feed(self.deployment, self.contract, None).troubles == []
        with open_warehouse(self.deployment.home.root) as connection:
            return connection.execute(
                f"SELECT {columns} FROM staging.orders WHERE order_id = ?", [str(number)]
            ).fetchone()


def _order(number: int, at: datetime, total: str = "10.50") -> str:
    """The values of one order as SQL."""
    moment = at.isoformat()
    return f"({number}, 'Zoë Müller {number}', '{moment}', {total}, 0.1, NULL, '{moment}')"


def sqlite_desk(folder: Path, **changes: Any) -> Desk:
    connection = sqlite3.connect(folder / "shop.db", isolation_level=None)
    connection.execute(f"CREATE TABLE orders ({TABLE['sqlite']})")
    return Desk(folder, f"sqlite:///{folder}/shop.db", connection.execute, **changes)


def postgres_desk(folder: Path, url: str, **changes: Any) -> Desk:
    connection = postgres.connect(url, autocommit=True)

    def execute(statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    execute("DROP TABLE IF EXISTS orders")
    execute(f"CREATE TABLE orders ({TABLE['postgres']})")
    return Desk(folder, url, execute, **changes)
