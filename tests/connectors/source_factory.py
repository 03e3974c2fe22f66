"""Builds small contracts for tests of sources, and reads their deliveries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from connectors.contract import FeedContract
from connectors.delivery import FileIdentity, Receipt, SourceReader, Window
from connectors.source import open_source

ORDER_COLUMNS: dict[str, object] = {
    "order_id": "id",
    "account_id": "customer_id",
    "ordered_at": "created_at",
    "currency": "currency",
    "total_amount": "total",
    "updated_at": "updated_at",
}


def order_contract(
    source: Mapping[str, object], columns: Mapping[str, object] | None = None, **changes: object
) -> FeedContract:
    """A contract for shop.orders over `source`; `columns` replace the mapping of the optional columns."""
    body: dict[str, object] = {
        "feed": "shop.orders",
        "description": "Orders of the shop.",
        "grain": "One row per order.",
        "owner": "team:shop",
        "schedule": "0 * * * *",
        "freshness": {"promise": "26h"},
        "source": {"connection": "SHOP", **source},
        "columns": columns or ORDER_COLUMNS,
        **changes,
    }
    return FeedContract.model_validate(body)


def nothing_landed(_: FileIdentity) -> bool:
    return False


def read_all(
    source: SourceReader,
    folder: Path,
    window: Window | None = None,
    is_landed: Callable[[FileIdentity], bool] = nothing_landed,
) -> list[tuple[str, pa.Table, Receipt]]:
    """Label, rows and receipt of every delivery."""
    found = []
    for delivery in source.deliveries(window or Window(), is_landed=is_landed, raw_folder=lambda: folder):
        table = delivery.reader.read_all()
        found.append((delivery.label, table, delivery.receipt()))
    return found


def read_one(
    contract: FeedContract, connection: str, folder: Path, window: Window | None = None
) -> tuple[pa.Table, Receipt]:
    """Rows and receipt of the only delivery."""
    source = open_source(contract, {"SHOP": connection}, sleep=lambda _: None)
    try:
        [(_, table, receipt)] = read_all(source, folder, window)
    finally:
        source.close()
    return table, receipt


def column(table: pa.Table, name: str) -> list[Any]:
    values: list[Any] = table.column(name).to_pylist()
    return values


def rejects(receipt: Receipt) -> list[tuple[int | None, str, str]]:
    return [(row["line_number"], row["raw"], row["reason"]) for row in receipt.rejects.to_pylist()]


def lines(*rows: str | Iterable[str]) -> bytes:
    return "".join(f"{row}\n" for row in rows).encode()
