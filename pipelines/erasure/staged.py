"""Erasing customers from the warehouse: staging, quarantine, history and identity, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from connectors.contract import FeedContract
from connectors.entities import load_entities
from connectors.source_spec import FileSource
from pipelines.erased import own_reference
from pipelines.erasure.matching import numbers_naming, register_traces
from pipelines.erasure.past import erase_past
from pipelines.erasure.subject import IS_ERASED, Traces
from pipelines.identity.erasure import erase
from pipelines.identity.transaction import transaction
from pipelines.mentions import telling_of_source
from warehouse.cast_sql import quoted

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class FromWarehouse:
    """What is erased: staged rows by entity, held rows by feed, and the number of source records.

    `left_at_sources` names what no erasure here reaches, as their rows led to it: feed and place of each scan.
    """

    staged: dict[str, int]
    held: dict[str, int]
    records: int
    left_at_sources: dict[str, list[str]] = field(default_factory=dict)


def count(
    connection: duckdb.DuckDBPyConnection, staged: Iterable[tuple[str, str, int]], contracts: Iterable[FeedContract]
) -> FromWarehouse:
    """What `erase_staged` is going to erase. Needs `erased_key`, `erased_held` and what `count_staged` found."""
    by_entity: dict[str, int] = {}
    for entity, _, rows in staged:
        by_entity[entity] = by_entity.get(entity, 0) + rows
    held = connection.execute(
        "SELECT feed, count(*) FROM quarantine.held_row SEMI JOIN erased_held USING (held_id) GROUP BY feed"
    ).fetchall()
    ((records,),) = connection.execute("SELECT count(*) FROM erased_key").fetchall()
    return FromWarehouse(by_entity, dict(held), records, _left_at_sources(connection, contracts))


def _left_at_sources(connection: duckdb.DuckDBPyConnection, contracts: Iterable[FeedContract]) -> dict[str, list[str]]:
    """Feed → places of scans and recordings that staged and held rows of the erased lead to."""
    named = {
        contract.feed: contract.source.attachments.name
        for contract in contracts
        if isinstance(contract.source, FileSource) and contract.source.attachments is not None
    }
    rows = connection.execute(
        f"""SELECT feed, list(DISTINCT place ORDER BY place) FROM (
                SELECT _feed AS feed, media_link AS place FROM staging.interactions
                WHERE {IS_ERASED.format(own_reference("interactions"))}
                UNION ALL
                SELECT feed, json_extract_string(payload, named.column) FROM quarantine.held_row
                SEMI JOIN erased_held USING (held_id) JOIN (
                    SELECT unnest($feeds) AS feed, unnest($columns) AS column
                ) AS named USING (feed)
            ) WHERE place IS NOT NULL GROUP BY feed ORDER BY feed""",
        {"feeds": list(named), "columns": list(named.values())},
    ).fetchall()
    return dict(rows)


def count_staged(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, int]]:
    """Rows of staging that belong to the erased, by entity and feed. Needs `erased_reference`."""
    selects = [
        f"SELECT '{name}' AS entity, _feed, count(*) AS n FROM staging.{quoted(name)} "
        f"WHERE {IS_ERASED.format(own_reference(name))} GROUP BY _feed"
        for name in load_entities()
    ]
    return connection.execute(" UNION ALL ".join(selects) + " ORDER BY ALL").fetchall()


def find_held(
    connection: duckdb.DuckDBPyConnection, traces: Traces, contracts: Iterable[FeedContract]
) -> dict[str, set[int]]:
    """Build `erased_held` (held_id): rows in quarantine, settled ones too, that belong to the erased.

    Theirs is what has their key, or their traces in what a row says of its own customer. Landed batch → numbers of
    those rows. Needs `erased_reference`, and adds what they are called, which rows in staging may refer to.
    """
    register_traces(connection, traces)
    telling = {contract.feed: dict.fromkeys(telling_of_source(contract).texts) for contract in contracts}
    told_of_others = pa.table({"feed": list(telling), "told": [json.dumps(columns) for columns in telling.values()]})
    connection.register("told_of_others", told_of_others)
    own = IS_ERASED.format("source_system || '/' || entity || '/' || _key")
    texts = """SELECT held_id AS number, lower(CAST(json_merge_patch(payload, coalesce(told, '{}')) AS VARCHAR)) AS said
               FROM quarantine.held_row LEFT JOIN told_of_others USING (feed)"""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE erased_held AS
            SELECT held_id, batch_id, row_number FROM quarantine.held_row
            WHERE coalesce({own}, false) OR held_id IN ({numbers_naming(texts)})"""
    )
    connection.unregister("told_of_others")
    connection.execute(
        """INSERT INTO erased_reference SELECT DISTINCT source_system || '/' || entity || '/' || _key AS reference
           FROM quarantine.held_row SEMI JOIN erased_held USING (held_id)
           WHERE _key IS NOT NULL AND reference NOT IN (SELECT reference FROM erased_reference)"""
    )
    held: dict[str, set[int]] = {}
    for batch_id, number in connection.execute(
        "SELECT batch_id, row_number FROM erased_held WHERE row_number IS NOT NULL"
    ).fetchall():
        held.setdefault(batch_id, set()).add(number)
    return held


def erase_staged(
    connection: duckdb.DuckDBPyConnection,
    customer_ids: Sequence[str],
    *,
    now: datetime,
    run_id: str,
    actor: str,
    reason: str,
) -> None:
    """Erase what `find_rows` and `find_held` found, and the customers' identity. All of it or nothing.

    Raises EraseRefused as `identity.erasure.erase` does.
    """
    with transaction(connection):
        for name in load_entities():
            connection.execute(f"DELETE FROM staging.{quoted(name)} WHERE {IS_ERASED.format(own_reference(name))}")
            own = IS_ERASED.format(own_reference(name, "source_system"))
            connection.execute(f"DELETE FROM staging.confirmed_row WHERE entity = '{name}' AND {own}")
        for table in ("held_row", "accepted_rule"):
            connection.execute(f"DELETE FROM quarantine.{table} WHERE held_id IN (SELECT held_id FROM erased_held)")
        erase_past(connection)
        erase(connection, customer_ids, now=now, run_id=run_id, actor=actor, reason=reason)
