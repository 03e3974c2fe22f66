"""A small warehouse.duckdb made by hand: tables as the entity files declare them, rows as the test gives them."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from warehouse import history
from warehouse.connection import ensure_ops_schema

ENTITIES = Path(__file__).parents[2] / "connectors" / "entities"

_BOOKKEEPING = """
    _feed VARCHAR, _source_system VARCHAR, _key VARCHAR, _row_hash UBIGINT, _batch_id VARCHAR, _batch_seq BIGINT,
    _changed_at TIMESTAMP, _landed_at TIMESTAMP, _staged_at TIMESTAMP, _is_deleted BOOLEAN, _deleted_at TIMESTAMP
"""

_IDENTITY_DDL = """
CREATE SCHEMA identity;
CREATE TABLE identity.source_records (source_record_key VARCHAR, source_system VARCHAR, email_std VARCHAR,
    phone_std VARCHAR, phone_alternate_std VARCHAR, organisation_std VARCHAR, address_std VARCHAR,
    postal_code_std VARCHAR, first_seen_at TIMESTAMP, source_updated_at TIMESTAMP);
CREATE TABLE identity.customer_crosswalk (source_record_key VARCHAR, source_system VARCHAR, entity VARCHAR,
    record_id VARCHAR, customer_id VARCHAR, match_method VARCHAR, confidence DOUBLE,
    valid_from TIMESTAMP);
CREATE TABLE identity.crosswalk_history (source_record_key VARCHAR, customer_id VARCHAR, valid_from TIMESTAMP,
    valid_to TIMESTAMP, change_event_id VARCHAR);
CREATE TABLE identity.identity_event (event_id VARCHAR, event_type VARCHAR, customer_id VARCHAR,
    other_customer_id VARCHAR, source_record_key VARCHAR, actor VARCHAR, reason VARCHAR,
    run_id VARCHAR, occurred_at TIMESTAMP);
CREATE TABLE identity.customer_id_redirect (old_customer_id VARCHAR, current_customer_id VARCHAR,
    changed_at TIMESTAMP, event_id VARCHAR);
CREATE TABLE identity.golden_customers (customer_id VARCHAR, party_type VARCHAR, display_name VARCHAR,
    given_name VARCHAR, family_name VARCHAR, organisation_name VARCHAR, primary_email VARCHAR,
    primary_phone_e164 VARCHAR, street VARCHAR, city VARCHAR, region VARCHAR, postal_code VARCHAR, country VARCHAR,
    date_of_birth DATE, language VARCHAR, record_count BIGINT, source_count BIGINT, identity_confidence DOUBLE,
    first_seen_at TIMESTAMP);
CREATE TABLE identity.customer_household (customer_id VARCHAR, household_id VARCHAR);
CREATE TABLE identity.attribute_provenance (customer_id VARCHAR, attribute_name VARCHAR, attribute_value VARCHAR,
    source_system VARCHAR, source_record_key VARCHAR, survivorship_rule VARCHAR, candidate_count BIGINT,
    is_conflict BOOLEAN, source_updated_at TIMESTAMP);
CREATE SCHEMA quarantine;
CREATE TABLE quarantine.held_row (held_id VARCHAR, feed VARCHAR, entity VARCHAR, source_system VARCHAR, _key VARCHAR,
    batch_id VARCHAR, row_number BIGINT, rules VARCHAR[], reasons VARCHAR[], payload JSON, first_held_at TIMESTAMP,
    status VARCHAR, settled_at TIMESTAMP, settled_by VARCHAR, settled_reason VARCHAR);
"""


def utc(text: str) -> datetime:
    """A moment as DuckDB's TIMESTAMP holds it: UTC, without a zone."""
    return datetime.fromisoformat(text)


LOADED_AT = utc("2026-11-20 06:00")
KNOWN_SINCE = utc("2026-10-01 06:00")


@cache
def entity_files() -> dict[str, dict[str, Any]]:
    """The canonical entities as their files declare them, by name."""
    declared = (yaml.safe_load(path.read_text()) for path in sorted(ENTITIES.glob("*.yml")))
    return {entity["entity"]: entity for entity in declared}


def create_schemas(connection: duckdb.DuckDBPyConnection) -> None:
    """Every table that the marts read, empty."""
    connection.execute("CREATE SCHEMA staging")
    for name, entity in entity_files().items():
        columns = ", ".join(f'"{column}" {spec["type"]}' for column, spec in entity["columns"].items())
        connection.execute(f'CREATE TABLE staging."{name}" ({columns}, {_BOOKKEEPING})')
    connection.execute(_IDENTITY_DDL)
    ensure_ops_schema(connection)
    history.ensure_schema(connection)


def insert(connection: duckdb.DuckDBPyConnection, table: str, **values: Any) -> None:
    """One row; columns not named stay null."""
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join("?" for _ in values)
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(values.values()))


def stage(connection: duckdb.DuckDBPyConnection, feed: str, entity: str, **values: Any) -> None:
    """One staged row of ``feed`` ('shop.orders'); ``_is_deleted=True`` makes it a deleted one."""
    key = "|".join(str(values[column]) for column in entity_files()[entity]["key"])
    bookkeeping = {
        "_feed": feed,
        "_source_system": feed.split(".")[0],
        "_key": key,
        "_batch_id": f"{feed}-1",
        "_batch_seq": 1,
        "_landed_at": LOADED_AT,
        "_is_deleted": False,
    }
    insert(connection, f"staging.{entity}", **{**bookkeeping, **values})


def customer(connection: duckdb.DuckDBPyConnection, customer_id: str, name: str, *record_keys: str) -> None:
    """A golden customer and the crosswalk rows ('shop/accounts/77') that lead to it."""
    systems = {key.split("/")[0] for key in record_keys}
    insert(
        connection,
        "identity.golden_customers",
        customer_id=customer_id,
        party_type="person",
        display_name=name,
        record_count=len(record_keys),
        source_count=len(systems),
    )
    for key in record_keys:
        system, entity, record_id = key.split("/", 2)
        insert(
            connection,
            "identity.customer_crosswalk",
            source_record_key=key,
            source_system=system,
            entity=entity,
            record_id=record_id,
            customer_id=customer_id,
            match_method="auto",
        )
        period(connection, key, customer_id, KNOWN_SINCE, None)


def period(
    connection: duckdb.DuckDBPyConnection, key: str, customer_id: str, valid_from: datetime, valid_to: datetime | None
) -> None:
    """A period in which a record belonged to a customer."""
    insert(
        connection,
        "identity.crosswalk_history",
        source_record_key=key,
        customer_id=customer_id,
        valid_from=valid_from,
        valid_to=valid_to,
        change_event_id="e1",
    )


def merged_away(connection: duckdb.DuckDBPyConnection, old_customer_id: str, customer_id: str) -> None:
    """A redirect, and the event that tells of it."""
    insert(
        connection, "identity.customer_id_redirect",
        old_customer_id=old_customer_id, current_customer_id=customer_id, changed_at=KNOWN_SINCE, event_id="e1",
    )  # fmt: skip
    event(connection, "e1", "merge", customer_id, other_customer_id=old_customer_id)


def event(connection: duckdb.DuckDBPyConnection, event_id: str, event_type: str, customer_id: str, **more: Any) -> None:
    """A change of who is who."""
    insert(
        connection, "identity.identity_event",
        event_id=event_id, event_type=event_type, customer_id=customer_id, occurred_at=KNOWN_SINCE, **more,
    )  # fmt: skip


def feed_mark(connection: duckdb.DuckDBPyConnection, feed: str, entity: str, **values: Any) -> None:
    """How current one feed is; fresh with a promise of a day unless the test says otherwise."""
    mark = {"feed": feed, "source_system": feed.split(".")[0], "entity": entity, "status": "FRESH"}
    promise = {"promise_seconds": 86_400, "grace_seconds": 3_600}
    insert(connection, "ops.feed_mark", **{**mark, **promise, **values})


def snapshot(connection: duckdb.DuckDBPyConnection, snapshot_id: str, snapshot_at: datetime) -> None:
    """The one row that names the snapshot; replaces the former."""
    connection.execute("DELETE FROM ops.snapshot")
    insert(connection, "ops.snapshot", snapshot_id=snapshot_id, snapshot_at=snapshot_at, contract_versions="{}")
