"""Small landed batches for the tests of casting, staging and quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.batch import Batch
from warehouse.cast_sql import ColumnRule
from warehouse.casting import cast_batch
from warehouse.staging import Tally, apply_batch, ensure_schema

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FAILURES = pa.schema(
    [("row_number", pa.int64()), ("rule", pa.string()), ("severity", pa.string()), ("reason", pa.string())]
)
ORDER_TYPES = {"order_id": "VARCHAR", "amount": "DECIMAL(18,2)", "status": "VARCHAR", "updated_at": "TIMESTAMP"}
ORDER_RULES = tuple(ColumnRule(name, column=name) for name in ORDER_TYPES)


def land(path: Path, rows: Sequence[dict[str, Any]], columns: Sequence[str] = ()) -> Path:
    """Write rows as landing does: the source's columns and the row's number from 1. Absent values are NULL."""
    names = list(dict.fromkeys([*columns, *(name for row in rows for name in row)]))
    table = {name: [row.get(name) for row in rows] for name in names}
    typed = {
        name: pa.array(values, pa.string()) if not any(values) else pa.array(values) for name, values in table.items()
    }
    typed["_row_number"] = pa.array(range(1, len(rows) + 1), pa.int64())
    typed["_key_hash"] = pa.array([0] * len(rows), pa.uint64())
    pq.write_table(pa.table(typed), path)
    return path


def cast_one(folder: Path, value: Any, target: str, **rule: Any) -> tuple[Any, str | None]:
    """One value cast to one type: (typed value, reason of the failure)."""
    landed = land(folder / "one.parquet", [{"id": "1", "v": value}])
    types = {"id": "VARCHAR", "x": target}
    mapping = ColumnRule("x", **({"column": "v"} | rule))
    cast_batch(landed, folder / "one.duckdb", rules=[ColumnRule("id", column="id"), mapping], types=types, key=["id"])
    with duckdb.connect(str(folder / "one.duckdb"), read_only=True) as connection:
        typed = connection.execute("SELECT x FROM batch").fetchone()
        reason = connection.execute("SELECT reason FROM cast_failure").fetchone()
    assert typed is not None
    return typed[0], reason[0] if reason else None


class Desk:
    """A warehouse in memory to which batches of small orders are applied, one after the other."""

    def __init__(self, folder: Path, **delivery: Any) -> None:
        self.folder, self.delivery = folder, delivery
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'")
        ensure_schema(self.connection, {"orders": ORDER_TYPES})

    def cast(self, batch_id: str, rows: Sequence[dict[str, Any]], only_rows: Sequence[int] | None = None) -> None:
        """Land and cast; a release casts chosen rows of what has landed."""
        landed = self.folder / f"{batch_id}.parquet"
        if not landed.exists():
            land(landed, rows, ["order_id", "amount", "status", "updated_at", "gone", "test", "own"])
        cast_batch(
            landed,
            self.folder / f"{batch_id}.duckdb",
            rules=ORDER_RULES,
            types=ORDER_TYPES,
            key=["order_id"],
            deleted_when="gone = 'yes'",
            test_when="test = 'yes'",
            own_when="own = 'yes'",
            only_rows=only_rows,
        )

    def apply(
        self,
        seq: int,
        rows: Sequence[dict[str, Any]],
        *,
        failures: Sequence[tuple[int, str, str, str]] = (),
        rejects: Sequence[str] = (),
        batch_id: str | None = None,
        **delivery: Any,
    ) -> Tally:
        """Land, cast and apply one batch; failures are (row number, rule, severity, reason)."""
        batch_id = batch_id or f"b{seq}"
        self.cast(batch_id, rows)
        batch = Batch(batch_id, "shop.orders", "orders", "shop", seq, NOW)
        rejected = self._rejects(batch_id, rejects)
        return self._apply(batch, batch_id, failures, rejects=rejected, **(self.delivery | delivery))

    def release(
        self, batch_id: str, seq: int, row_numbers: Sequence[int], failures: Sequence[tuple[int, str, str, str]] = ()
    ) -> Tally:
        """Cast and apply chosen rows of a landed batch again."""
        self.cast(batch_id, [], row_numbers)
        batch = Batch(f"{batch_id}+release", "shop.orders", "orders", "shop", seq, NOW, release_of=batch_id)
        return self._apply(batch, batch_id, failures)

    def _apply(self, batch: Batch, landed_id: str, failures: Sequence[tuple[int, str, str, str]], **more: Any) -> Tally:
        columns = list(zip(*failures, strict=True)) or [[], [], [], []]
        return apply_batch(
            self.connection,
            self.folder / f"{landed_id}.duckdb",
            self.folder / f"{landed_id}.parquet",
            batch,
            pa.table([pa.array(column) for column in columns], names=FAILURES.names).cast(FAILURES),
            now=NOW,
            **more,
        )

    def _rejects(self, batch_id: str, lines: Sequence[str]) -> Path | None:
        if not lines:
            return None
        path = self.folder / f"{batch_id}.rejects.parquet"
        reasons = ["expected 6 columns, found 7"] * len(lines)
        table = {"line_number": list(range(10, 10 + len(lines))), "raw": list(lines), "reason": reasons}
        pq.write_table(pa.table(table), path)
        return path

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self.connection.execute(sql).fetchall()

    def staged(self) -> dict[str, tuple[Any, ...]]:
        """order_id → (amount, status, is deleted)."""
        found = self.rows("SELECT order_id, amount, status, _is_deleted FROM staging.orders")
        assert len(found) == len({row[0] for row in found})
        return {row[0]: row[1:] for row in found}

    def held(self) -> dict[str, str]:
        """held_id → status."""
        return dict(self.rows("SELECT held_id, status FROM quarantine.held_row"))
