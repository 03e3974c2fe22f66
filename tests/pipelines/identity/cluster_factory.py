"""Customers written by hand into the tables that cluster statistics read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import duckdb

from pipelines.identity import quality
from pipelines.identity.cluster_statistics import declared, measure
from pipelines.identity.cluster_statistics.measure import Measured
from pipelines.identity.tables import ensure_schema

BEFORE, NOW = datetime(2026, 3, 1), datetime(2026, 3, 2)  # noqa: DTZ001  identity keeps UTC without a zone


class Clusters:
    """`customer` adds one customer with its records; `measured` gives a statistic."""

    def __init__(self) -> None:
        self.connection = duckdb.connect(config={"threads": 1})
        ensure_schema(self.connection)
        self.records = 0

    def customer(self, customer_id: str, *records: Mapping[str, Any]) -> None:
        """A record is its columns of source_records, with `confidence` and `was` (its former customer) beside them."""
        for given in records:
            self.records += 1
            key = f"shop/accounts/{self.records}"
            columns = {
                "record_no": self.records, "source_record_key": key, "source_system": "shop", "entity": "accounts",
                "record_id": key,
                "is_stub": False, "is_deleted": False, "record_hash": 1, "first_seen_at": BEFORE,
                "party_std": "person",
            } | {name: value for name, value in given.items() if name not in ("confidence", "was")}  # fmt: skip
            self.insert("source_records", columns)
            self.insert(
                "customer_crosswalk",
                {name: columns[name]
                   for name in ("record_no", "source_record_key", "source_system", "entity", "record_id")}
                | {"customer_id": customer_id, "match_method": "auto", "confidence": given.get("confidence"),
                   "valid_from": BEFORE},
            )  # fmt: skip
            self._history(key, customer_id, given.get("was", customer_id))
        self.insert("golden_customers", {
            "customer_id": customer_id, "display_name": f"name of {customer_id}", "record_count": len(records),
            "source_count": 1, "is_deleted": False, "first_seen_at": BEFORE,
        })  # fmt: skip

    def insert(self, table: str, row: Mapping[str, Any]) -> None:
        self.connection.execute(
            f"INSERT INTO identity.{table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values())
        )

    def measured(self, name: str) -> Measured:
        self._finish()
        return measure.measure(self.connection, declared.statistics(), NOW)[name]

    def behind(self, name: str) -> list[str]:
        """Ids of the customers whom a statistic counts."""
        self._finish()
        (statistic,) = (one for one in declared.statistics() if one.name == name)
        return [customer_id for customer_id, _ in measure.customers_behind(self.connection, statistic, 10, NOW)]

    def _finish(self) -> None:
        """Let `quality` see all customers as a full match shows them to it, with no pair between records."""
        for table in (
            "TABLE next_crosswalk AS FROM identity.customer_crosswalk",
            "VIEW concerned_record AS FROM identity.source_records",
            "TABLE changed_customer AS SELECT NULL::VARCHAR AS customer_id WHERE false",
            "TABLE cluster_customer AS SELECT NULL::BIGINT AS cluster_no, NULL::VARCHAR AS customer_id WHERE false",
            "TABLE weakest_link AS SELECT NULL::BIGINT AS cluster_no, NULL::DOUBLE AS probability WHERE false",
        ):
            self.connection.execute(f"CREATE OR REPLACE TEMP {table}")
        quality.update(self.connection)

    def _history(self, key: str, customer_id: str, was: str | None) -> None:
        """A record of another customer moved NOW; one of none (None) is new."""
        row = {"source_record_key": key, "change_event_id": "e"}
        if was not in (customer_id, None):
            self.insert("crosswalk_history", row | {"customer_id": was, "valid_from": BEFORE, "valid_to": NOW})
        began = BEFORE if was == customer_id else NOW
        self.insert("crosswalk_history", row | {"customer_id": customer_id, "valid_from": began})
