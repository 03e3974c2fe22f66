"""Taking out of other people's rows in the warehouse what they say of the erased: staging, quarantine, reasons.

The rows stay, and what their feeds bring of them again is found to be unchanged, as it comes in without it too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pyarrow as pa

from connectors.contract import FeedContract
from connectors.entities import Entity, load_entities
from pipelines.identity.transaction import transaction
from pipelines.mentions import Graves, Telling, may_name, mended, telling_of, telling_of_source, without_mentions
from pipelines.redaction import Redaction
from warehouse.cast_sql import literal, quoted
from warehouse.casting import row_hash_sql

if TYPE_CHECKING:
    import duckdb

# What people wrote about rows, beside what their feeds say.
_REASONS = {
    "identity.judgements": "reason",
    "identity.identity_event": "reason",
    "quarantine.accepted_rule": "reason",
    "quarantine.held_row": "settled_reason",
}


def redact_warehouse(
    connection: duckdb.DuckDBPyConnection, contracts: Iterable[FeedContract], known: Graves
) -> dict[str, int]:
    """Take erased people out of what is left in the warehouse; how many rows named them, by entity or table.

    All of it or nothing; done again, it finds nothing.
    """
    with transaction(connection):
        found = {name: _redact_entity(connection, entity, known) for name, entity in load_entities().items()}
        found |= {table: _redact_reasons(connection, table, reason, known) for table, reason in _REASONS.items()}
        held = sum(_redact_held(connection, contract, known) for contract in contracts)
    return {place: rows for place, rows in (found | {"quarantine": held}).items() if rows}


def _redact_entity(connection: duckdb.DuckDBPyConnection, entity: Entity, known: Graves) -> int:
    table = f"staging.{quoted(entity.entity)}"
    anew = without_mentions(connection, table, "rowid", telling_of(entity), known)
    if not anew.num_rows:
        return 0
    texts = [quoted(name) for name in anew.column_names if name != "number"]
    connection.register("anew", anew)
    connection.execute(
        f"""UPDATE {table} AS staged SET {", ".join(f"{name} = told.{name}" for name in texts)}, _row_hash = told.hash
            FROM (SELECT number, {", ".join(texts)}, {row_hash_sql(entity.columns)} AS hash
                  FROM (SELECT number, row.* REPLACE ({", ".join(f"anew.{name} AS {name}" for name in texts)})
                        FROM {table} AS row JOIN anew ON row.rowid = number)) AS told
            WHERE staged.rowid = told.number"""
    )
    connection.unregister("anew")
    return int(anew.num_rows)


def _redact_reasons(connection: duckdb.DuckDBPyConnection, table: str, reason: str, known: Graves) -> int:
    anew = without_mentions(connection, table, "rowid", Telling((reason,)), known)
    if anew.num_rows:
        connection.register("anew", anew)
        connection.execute(f"UPDATE {table} SET {reason} = anew.{reason} FROM anew WHERE {table}.rowid = number")
        connection.unregister("anew")
    return int(anew.num_rows)


def _redact_held(connection: duckdb.DuckDBPyConnection, contract: FeedContract, known: Graves) -> int:
    """Of held rows the payload, which has the columns as landed, and the reasons, which may quote them."""
    telling, redact, anew = telling_of_source(contract), Redaction(known.hold), []
    paths = {name: literal(f'$."{name}"') for name in telling.referring}
    referring = "".join(f"payload ->> {path} AS {quoted(name)}, " for name, path in paths.items())
    source = f"""(SELECT rowid AS number, {referring}CAST(payload AS VARCHAR) AS payload,
                         CAST(reasons AS VARCHAR) AS reasons
                  FROM quarantine.held_row WHERE feed = {literal(contract.feed)} AND payload IS NOT NULL)"""
    texts = ["payload", "reasons", *telling.referring]
    numbers = may_name(connection, source, "number", texts, telling.referring, known, beside="payload")
    for held_id, payload, reasons in connection.execute(
        """SELECT held_id, payload, coalesce(reasons, []) FROM quarantine.held_row
           WHERE rowid IN (SELECT unnest($numbers))""",
        {"numbers": numbers},
    ).fetchall():
        said = json.loads(payload)
        changed = mended(said, telling, redact, known, beside="|".join(map(str, said.values())))
        reasons_left = [redact(reason, payload) for reason in reasons]
        if changed or reasons_left != reasons:
            # Written as DuckDB writes it: a row without a key is known again by its payload.
            left = json.dumps(said | changed, ensure_ascii=False, separators=(",", ":"))
            anew.append({"held_id": held_id, "payload": left, "reasons": reasons_left})
    if anew:
        connection.register("anew", pa.Table.from_pylist(anew))
        connection.execute(
            "UPDATE quarantine.held_row AS held SET payload = anew.payload, reasons = anew.reasons "
            "FROM anew WHERE held.held_id = anew.held_id"
        )
        connection.unregister("anew")
    return len(anew)
