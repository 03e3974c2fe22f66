"""A small world for identity tests: an in-memory database with the staging tables of the canonical entities."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

import duckdb
import pyarrow as pa
import yaml

from connectors.entities import load_entities
from pipelines.identity.records import EntityRoles
from pipelines.identity.resolve import Resolution, resolve
from pipelines.refresh import entity_roles

DEFINITIONS = [
    yaml.safe_load(file.read_text(encoding="utf-8"))
    for file in sorted((Path(__file__).parents[3] / "connectors" / "entities").glob("*.yml"))
]
ENTITIES: dict[str, EntityRoles] = {name: entity_roles(entity) for name, entity in load_entities().items()}
BOOKKEEPING = {
    "_feed": "VARCHAR", "_source_system": "VARCHAR", "_key": "VARCHAR", "_row_hash": "UBIGINT", "_batch_id": "VARCHAR",
    "_batch_seq": "BIGINT", "_changed_at": "TIMESTAMP", "_landed_at": "TIMESTAMP", "_staged_at": "TIMESTAMP",
    "_is_deleted": "BOOLEAN", "_deleted_at": "TIMESTAMP",
}  # fmt: skip
DAY_ONE = datetime(2026, 3, 1, 6, tzinfo=UTC)


class World:
    """Rows go in by entity; `resolve` stages them and runs on the next day each time."""

    def __init__(self, threads: int = 1) -> None:
        self.connection = duckdb.connect(config={"threads": threads})
        self.runs = 0
        self.rows: dict[str, dict[tuple[str, str], dict[str, Any]]] = {entity: {} for entity in ENTITIES}
        self.connection.execute("CREATE SCHEMA staging")
        for definition in DEFINITIONS:
            columns = {name: column["type"] for name, column in definition["columns"].items()} | BOOKKEEPING
            listed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            self.connection.execute(f'CREATE TABLE staging."{definition["entity"]}" ({listed})')

    def add(self, entity: str, system: str, key: object, **values: Any) -> None:
        """Deliver one row, in place of the row with the same key."""
        self.rows[entity][system, str(key)] = {
            ENTITIES[entity].key[0]: str(key), "_source_system": system, "_key": str(key), "_is_deleted": False,
            "_changed_at": datetime(2026, 1, 1),  # noqa: DTZ001  staging keeps UTC without a zone
            "_row_hash": crc32(repr(sorted(values.items())).encode()),
        } | values  # fmt: skip

    def account(self, key: object, name: str | None = None, *, system: str = "shop", **values: Any) -> None:
        self.add("accounts", system, key, full_name=name, **values)

    def guest_order(self, key: object, name: str | None = None, **values: Any) -> None:
        self.add("orders", "shop", key, customer_name=name, **values)

    def remove(self, entity: str, system: str, key: object) -> None:
        del self.rows[entity][system, str(key)]

    def stage(self) -> None:
        """Replace staging as a whole; a statement for each row would take longer than matching them."""
        for entity, keyed in self.rows.items():
            rows = keyed.values()
            names = dict.fromkeys(name for row in rows for name in row)
            self.connection.execute(f'DELETE FROM staging."{entity}"')
            if rows:
                table = pa.table({name: [row.get(name) for row in rows] for name in names})
                self.connection.register("delivered", table)
                self.connection.execute(f'INSERT INTO staging."{entity}" BY NAME FROM delivered')
                self.connection.unregister("delivered")

    def resolve(self, **changes: Any) -> Resolution:
        self.runs += 1
        self.stage()
        return resolve(
            self.connection,
            **{
                "entities": ENTITIES, "now": DAY_ONE + timedelta(days=self.runs), "run_id": f"run-{self.runs}",
                "default_region": "US", **changes,
            },
        )  # fmt: skip

    def customer(self, record: str) -> str:
        """Customer id of a record given as 'accounts/1' (of the shop) or 'helpdesk/accounts/1'."""
        key = record if record.count("/") == 2 else f"shop/{record}"
        rows = self.all("SELECT customer_id FROM identity.customer_crosswalk WHERE source_record_key = ?", key)
        assert rows, f"{key} is in no customer"
        return str(rows[0]["customer_id"])

    def clusters(self) -> set[frozenset[str]]:
        """Record keys without the system 'shop/', grouped by customer."""
        rows = self.connection.execute(
            "SELECT list(source_record_key) FROM identity.customer_crosswalk GROUP BY customer_id"
        ).fetchall()
        return {frozenset(key.removeprefix("shop/accounts/").removeprefix("shop/") for key in keys) for (keys,) in rows}

    def golden(self, record: str) -> Mapping[str, Any]:
        return self.one("FROM identity.golden_customers WHERE customer_id = ?", self.customer(record))

    def one(self, query: str, *values: object) -> Mapping[str, Any]:
        (row,) = self.all(query, *values)
        return row

    def all(self, query: str, *values: object) -> list[dict[str, Any]]:
        table = self.connection.sql(query, params=list(values)).to_arrow_table()
        rows: list[dict[str, Any]] = table.to_pylist()
        return rows

    def events(self) -> list[tuple[str, str, str | None]]:
        """(event type, customer, other customer) of the last run, in the order in which they happened."""
        return [
            (row["event_type"], row["customer_id"], row["other_customer_id"])
            for row in self.all("FROM identity.identity_event WHERE run_id = ? ORDER BY event_id", f"run-{self.runs}")
        ]
