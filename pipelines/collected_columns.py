"""What each feed collects and what for, written into the warehouse, where the models weigh it against what is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from connectors.contract import FeedContract
from connectors.entities import Entity, load_entities
from pipelines.column_rules import column_rules
from pipelines.identity.records import CARRIED
from warehouse.column_readers import column_readers
from warehouse.connection import ensure_ops_schema

if TYPE_CHECKING:
    import duckdb


def write_collected_columns(connection: duckdb.DuckDBPyConnection, contracts: Iterable[FeedContract]) -> None:
    """Replace ops.collected_column: one row per feed and canonical column that its contract fills."""
    ensure_ops_schema(connection)
    by_models = column_readers({name: entity.columns for name, entity in load_entities().items()})
    rows = [row for contract in contracts for row in _rows(contract, by_models)]
    connection.execute("BEGIN")
    connection.execute("DELETE FROM ops.collected_column")
    if rows:
        connection.executemany("INSERT INTO ops.collected_column VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    connection.execute("COMMIT")


def _rows(
    contract: FeedContract, by_models: dict[tuple[str, str], tuple[str, ...]]
) -> Iterator[tuple[str, str, str, str, str | None, str, str, list[str]]]:
    entity = contract.canonical
    for rule in column_rules(contract):
        column = entity.columns[rule.name]
        mapping = contract.columns.get(rule.name)
        origins = list(mapping.source_columns()) if mapping else []
        yield (
            contract.feed,
            contract.system,
            entity.entity,
            rule.name,
            # Computed from several columns it stands in none of them.
            origins[0] if len(origins) == 1 else None,
            column.purpose,
            column.pii,
            [*_own_readers(entity, rule.name), *by_models[entity.entity, rule.name]],
        )


def _own_readers(entity: Entity, column: str) -> Iterator[str]:
    """What else than the models reads a column: staging its key and times, identity what it compares and keeps."""
    if column in entity.key or column in ("updated_at", entity.event_time):
        yield "staging"
    if entity.columns[column].identity is not None or column in CARRIED:
        yield "identity"
