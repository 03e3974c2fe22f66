"""A shop whose orders lie in a SQLite file, a home that follows it, and a clock that stands where it is put."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq

from connectors.contract import FeedContract
from connectors.landing import LandingFolder
from pipelines import land
from pipelines.deployment import Deployment
from pipelines.freshness.history import FeedHistory
from pipelines.freshness.reading import read_history
from pipelines.ledger.database import Ledger
from pipelines.settings import Home

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class ShopDesk:
    """Orders go into a table; landing brings them home."""

    def __init__(self, folder: Path, **changes: object) -> None:
        self.root, self.now = folder, NOON
        body: dict[str, object] = {
            "feed": "shop.orders",
            "description": "Orders.",
            "grain": "One row per order.",
            "owner": "team:shop",
            "schedule": "*/15 * * * *",
            "freshness": {"promise": "26h"},
            "source": {"kind": "sql", "connection": "SHOP", "table": "orders"},
            "cursor": {"column": "changed", "overlap": "1h"},
            "columns": {"order_id": "id", "ordered_at": "changed", "total_amount": "amount"},
        }
        self.contract = FeedContract.model_validate(body | changes)
        self.environment: dict[str, str] = {}
        self.move_to("shop.db")
        self.folder = LandingFolder(self.deployment.home.landing, self.contract)

    @property
    def deployment(self) -> Deployment:
        return Deployment(
            home=Home(self.root / "home"),
            catalog={self.contract.feed: self.contract},
            environment=self.environment,
            clock=lambda: self.now,
            sleep=lambda _seconds: None,
            patience=timedelta(0),
        )

    def move_to(self, name: str) -> None:
        """From now on the shop lies in another file, which is made when it is not there."""
        self.path = self.root / name
        self.environment["SHOP"] = f"sqlite:///{self.path}"
        self.ask("CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, changed TEXT, amount TEXT)")

    def ask(self, sql: str, *values: object) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(sql, values)

    def order(self, numbers: range, at: datetime, amount: str = "1.00") -> None:
        """Orders of these numbers, changed at a moment; those that are there already are changed."""
        for number in numbers:
            self.ask("REPLACE INTO orders VALUES (?, ?, ?)", number, f"{at:%Y-%m-%d %H:%M:%S}", amount)

    def land(self, since: datetime | None = None) -> land.Landing:
        """Land, a quarter of an hour after the last time."""
        self.now += timedelta(minutes=15)
        return land.land_feed(self.deployment, self.contract, since=since)

    def last_run(self) -> Mapping[str, object]:
        with self.ledger() as ledger:
            row = ledger.row("SELECT * FROM feed_run ORDER BY run_id DESC")
        assert row is not None
        return dict(row)

    def history(self) -> FeedHistory:
        with self.ledger() as ledger:
            return read_history(ledger, self.contract, self.now)

    def landed(self, batch_id: str) -> list[int]:
        """Numbers of the orders in a batch."""
        return sorted(int(number) for number in pq.read_table(self.folder.table(batch_id))["id"].to_pylist())

    def ledger(self) -> Ledger:
        return Ledger(self.deployment.home.ledger)
