"""Rows that belong to somebody who was erased, told by tombstones alone: what feeds send of them again is left out.

A row belongs to them when it, or the account, order or ticket that it refers to, was erased. The rule is that of the
models: the account that a row names decides; without one it is a record of its own, and goes with the order or ticket
that it names, or with an address that was theirs alone. Rows of other people stay, without what they say of the erased
(`mentions`). Nothing is kept by which a person could be named.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from connectors import rereads
from connectors.contract import FeedContract
from connectors.duckdb_sessions import open_session
from connectors.entities import Entity
from pipelines.column_rules import column_rules, entity_types
from pipelines.ledger import erasures
from pipelines.ledger.database import Ledger
from pipelines.ledger.home_secrets import home_secret
from pipelines.mentions import Graves, Telling, telling_of_source, tombstone, without_mentions
from warehouse.cast_sql import key_part, literal, quoted
from warehouse.casting import CastTrouble, cast_batch
from warehouse.connection import open_scratch, remove_database

ACCOUNT = "account_id"
# Column → entity it refers to, and the column that says which system issued it.
_FOLLOWED = {"order_id": ("orders", "order_source"), "ticket_id": ("tickets", None)}


def graves(ledger: Ledger) -> Graves | None:
    """What the ledger knows of erased rows; None where nobody was ever erased."""
    found = erasures.tombstones(ledger)
    return Graves(home_secret(ledger, "erasure"), frozenset(found)) if found else None


def keep_out(table: Path, scratch: Path, contract: FeedContract, known: Graves) -> bool:
    """Take out of a landed table what belongs to somebody erased: their rows, and what other rows say of them.

    Says whether there was any. `scratch` is a file for the time being.
    """
    rows = erased_rows(table, scratch, contract, known)
    with open_session() as connection:
        if rows:
            rereads.leave_rows(connection, table, rows)
        source = f"read_parquet({literal(str(table))})"
        mended = without_mentions(connection, source, "_row_number", telling_of_source(contract), known)
        if mended.num_rows:
            rereads.replace_texts(connection, table, mended)
    return bool(rows or mended.num_rows)


def keep_out_of_lines(rejects: Path, known: Graves) -> bool:
    """Take what names somebody erased out of lines that could not be read; whether there was any.

    The lines stay, as nobody can say whose they are, and as every line of a delivery is counted.
    """
    with open_session() as connection:
        source, telling = f"read_parquet({literal(str(rejects))})", Telling(("raw", "reason"))
        mended = without_mentions(connection, source, "line_number", telling, known)
        if mended.num_rows:
            rereads.replace_texts(connection, rejects, mended, number="line_number")
    return bool(mended.num_rows)


def erased_rows(table: Path, scratch: Path, contract: FeedContract, known: Graves) -> list[int]:
    """Numbers of the rows of a landed table that belong to somebody erased. `scratch` is a file for the time being."""
    entity = contract.canonical
    names = _reference_columns(entity)
    types = entity_types(entity)
    there = pq.read_schema(table).names
    rules = [rule for rule in column_rules(contract) if rule.name in names and rule.column in {None, *there}]
    try:
        cast_batch(table, scratch, rules=rules, types={name: types[name] for name in names}, key=entity.key)
    except CastTrouble:
        return []  # it cannot be staged either; what stands in it is found by its values
    is_erased = f"{tombstone(known.salt, '({})')} IN (SELECT tombstone FROM grave)"
    belongs = belongs_to_erased(entity, is_erased, system=literal(contract.system))
    try:
        with open_scratch(scratch) as connection:
            connection.register("grave", pa.table({"tombstone": pa.array(known.tombstones, pa.string())}))
            rows = connection.execute(f"SELECT row_number FROM batch WHERE {belongs} ORDER BY row_number").fetchall()
    finally:
        remove_database(scratch)
    return [int(number) for (number,) in rows]


def own_reference(entity: str, system: str = "_source_system") -> str:
    """SQL of what a row is itself called."""
    return f"{system} || '/{entity}/' || _key"


def address_reference(address: str) -> str:
    """SQL of what an e-mail address is called."""
    return f"'email/' || lower(trim({address}))"


def belongs_to_erased(entity: Entity, erased: str, *, system: str = "_source_system") -> str:
    """SQL condition: a row of an entity belongs to somebody of whom `erased` (SQL) holds of a reference.

    `erased` has a place `{}` for the SQL of the reference. A row that names the account of somebody else is theirs,
    whatever order or ticket it names.
    """
    references = [own_reference(entity.entity, system)]
    references += [address_reference(quoted(name)) for name in entity.identity_roles().get("email", ())]
    for column, (target, source) in _FOLLOWED.items():
        if column in entity.columns:
            references.append(_reference(column, target, source, entity, system))
    by_itself = " OR ".join(erased.format(reference) for reference in references)
    if ACCOUNT not in entity.columns or entity.entity == "accounts":
        return by_itself
    account = _reference(ACCOUNT, "accounts", "account_source", entity, system)
    return f"CASE WHEN {account} IS NOT NULL THEN {erased.format(account)} ELSE {by_itself} END"


def _reference_columns(entity: Entity) -> list[str]:
    """Columns of an entity that its key or a reference is made of."""
    wanted = {*entity.key, ACCOUNT, "account_source", *_FOLLOWED, "order_source"}
    return [name for name in entity.columns if name in wanted | {*entity.identity_roles().get("email", ())}]


def _reference(column: str, target: str, source: str | None, entity: Entity, system: str) -> str:
    named = key_part(f"nullif(trim({quoted(column)}), '')")
    issuer = f"coalesce({quoted(source)}, {system})" if source in entity.columns else system
    return f"{issuer} || '/{target}/' || {named}"
