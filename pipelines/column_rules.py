"""A contract in the terms of casting and validation: which rules fill and judge the canonical columns."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.contract import FeedContract
from connectors.cursors import cursor_expression
from connectors.entities import Entity, load_entities
from connectors.mapping import ColumnMapping, path_name
from expectations.suites import EntityFacts
from warehouse.cast_sql import ColumnRule

CHANGE_TIME = "updated_at"


def column_rules(contract: FeedContract) -> list[ColumnRule]:
    """How each canonical column of the feed is filled.

    A feed with a time cursor says by it when a row changed; where the contract maps no `updated_at`, the cursor fills
    it, so that the order of versions and the rule against future times always have something to hold on to.
    """
    rules = [_rule(name, mapping) for name, mapping in contract.columns.items()]
    cursor = contract.cursor
    if cursor is not None and cursor.type != "integer" and CHANGE_TIME not in contract.columns:
        rules.append(ColumnRule(CHANGE_TIME, sql=cursor_expression(cursor)))
    return rules


def entity_facts(contract: FeedContract) -> EntityFacts:
    """What the rules of validation must know of the feed's entity."""
    entity = contract.canonical
    return EntityFacts(
        entity=entity.entity,
        types=entity_types(entity),
        key=entity.key,
        required=tuple(entity.required_columns()),
        enums=entity.enumerations(),
        event_time=entity.event_time,
        masked=frozenset(personal_columns(entity)),
        mapped=frozenset(rule.name for rule in column_rules(contract)),
    )


def closed_sets(contract: FeedContract) -> dict[str, tuple[str, ...]]:
    """Column → the values that it may have: by the entity, or else those that the contract maps its codes to.

    A mapping that catches the rest ('*') leaves no code unknown.
    """
    declared = contract.canonical.enumerations()
    sets: dict[str, tuple[str, ...]] = {}
    for name, mapping in contract.columns.items():
        if name in declared:
            sets[name] = declared[name]
        elif mapping.values and "*" not in mapping.values:
            sets[name] = tuple(sorted({value for value in mapping.values.values() if value is not None}))
    return sets


def entity_types(entity: Entity) -> dict[str, str]:
    """Column → DuckDB type."""
    return {name: column.type for name, column in entity.columns.items()}


def all_types() -> dict[str, dict[str, str]]:
    """Entity → column → DuckDB type, as the staging tables have them."""
    return {name: entity_types(entity) for name, entity in load_entities().items()}


def personal_columns(entity: Entity) -> list[str]:
    """Columns whose values no reason or sample shows. Pseudonyms are shown: without them nobody finds a row."""
    return [name for name, column in entity.columns.items() if column.pii not in ("none", "pseudonym")]


def _rule(name: str, mapping: ColumnMapping) -> ColumnRule:
    column, path = mapping.column, mapping.json_path
    if path is not None and column is None:
        column, path = path_name(path), None  # the path was followed when the record was landed
    values: Mapping[str, str | None] | None = mapping.values
    return ColumnRule(
        name=name,
        column=column,
        json_path=path,
        sql=mapping.sql,
        value=mapping.value,
        values=values,
        nulls=mapping.nulls,
        formats=mapping.format,
        zone=mapping.zone,
        divide_by=mapping.divide_by,
        decimal_comma=mapping.decimal_comma,
    )
