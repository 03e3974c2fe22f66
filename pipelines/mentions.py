"""Rows of other people that name somebody erased: which columns may, which rows do, and what these say without it.

What a row says of its own customer is theirs and stays; that is why columns that make the row's key, its references or
its evidence of identity are never altered. A column that refers to a customer loses its value, any other text the very
words: see `redaction`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from connectors.contract import FeedContract
from connectors.entities import Entity
from pipelines.redaction import ADDRESS, NUMBER, WORD, Redaction, phone_digits
from warehouse.cast_sql import literal, quoted

if TYPE_CHECKING:
    import duckdb

# Columns that a row refers by, beside those with a role in identity.
_REFERENCES = {"order_id", "order_source", "ticket_id"}
# A name or a postal code stands in one of these.
_SAYING = ("VARCHAR", "BIGINT", "INTEGER", "JSON")


@dataclass(frozen=True)
class Graves:
    """All tombstones of a home, and the secret that they are made with."""

    salt: str
    tombstones: frozenset[str]

    def hold(self, reference: str) -> bool:
        """Whether a reference is an erased person's."""
        return hashlib.sha256((self.salt + reference).encode()).hexdigest() in self.tombstones


@dataclass(frozen=True)
class Telling:
    """Columns in which a row may name somebody else; `referring` are those whose whole value is what names them."""

    texts: tuple[str, ...]
    referring: frozenset[str] = frozenset()


def telling_of(entity: Entity) -> Telling:
    """Canonical columns of an entity."""
    texts = tuple(
        name
        for name, column in entity.columns.items()
        if column.type == "VARCHAR" and column.identity is None and column.values is None
        and name not in _REFERENCES and name not in entity.key
    )  # fmt: skip
    return Telling(texts, frozenset(name for name in texts if entity.columns[name].names_customer))


def telling_of_source(contract: FeedContract) -> Telling:
    """Columns of a feed as they are landed; one that fills another column as well is not among them."""
    of_entity = telling_of(contract.canonical)
    texts: dict[str, bool] = {}
    others = {contract.cursor.column} if contract.cursor else set()
    for name, mapping in contract.columns.items():
        for column in mapping.source_columns():
            if name in of_entity.texts:
                texts[column] = name in of_entity.referring or texts.get(column, False)
            else:
                others.add(column)
    left = {column: refers for column, refers in texts.items() if column not in others}
    return Telling(tuple(left), frozenset(column for column, refers in left.items() if refers))


def tombstone(salt: str, reference: str) -> str:
    """SQL of the tombstone of a reference (SQL)."""
    return f"sha256({literal(salt)} || {reference})"


def called(value: str) -> str:
    """SQL of what an account number or a customer id that is nobody else's is looked up by."""
    return f"'called/' || {value}"


def without_mentions(
    connection: duckdb.DuckDBPyConnection, source: str, number: str, telling: Telling, known: Graves
) -> pa.Table:
    """Rows of a table (SQL) that name somebody erased: `number` (SQL, in a column of that name) and `telling.texts`,
    those that the table has, as they are without it.
    """
    kinds = {name: kind for name, kind, *_ in connection.execute(f"DESCRIBE FROM {source}").fetchall()}
    texts = [name for name in telling.texts if kinds.get(name) == "VARCHAR"]
    beside = f"concat_ws('|', {', '.join(quoted(name) for name, kind in kinds.items() if kind in _SAYING)})"
    rows = []
    if texts and (numbers := may_name(connection, source, number, texts, telling.referring, known, beside=beside)):
        found = connection.execute(
            f"""SELECT {number}, {beside}, {", ".join(map(quoted, texts))} FROM {source}
                WHERE {number} IN (SELECT unnest($numbers))""",
            {"numbers": numbers},
        ).fetchall()
        redact = Redaction(known.hold)
        for row_number, whole, *values in found:
            said = dict(zip(texts, values, strict=True))
            if changed := mended(said, telling, redact, known, beside=whole):
                rows.append({"number": row_number} | said | changed)
    return pa.Table.from_pylist(rows, pa.schema([("number", pa.int64()), *((name, pa.string()) for name in texts)]))


def mended(
    said: Mapping[str, Any], telling: Telling, redact: Redaction, known: Graves, *, beside: str
) -> dict[str, str | None]:
    """Of the values of a row those that name somebody erased, as they are without it. `beside` is the whole row."""
    changed: dict[str, str | None] = {}
    for name in telling.texts:
        value = said.get(name)
        if not isinstance(value, str):
            continue
        left = redact(value, beside)
        if name in telling.referring and (left != value or known.hold(f"called/{value.strip()}")):
            changed[name] = None
        elif left != value:
            changed[name] = left
    return changed


def may_name(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    number: str,
    texts: Sequence[str],
    referring: Collection[str],
    known: Graves,
    *,
    beside: str,
) -> list[int]:
    """Numbers of rows that may name somebody: what looks like a trace in their texts has a tombstone, or the word of a
    postal code in all that the row says (`beside`, SQL).
    """
    told = [
        ("email/", f"regexp_extract_all(said, {literal(ADDRESS)})", "rtrim(found, '.')"),
        ("phone/", f"regexp_extract_all(said, {literal(NUMBER)})", phone_digits("found")),
        ("word/", f"regexp_extract_all(beside, {literal(WORD)})", "found"),
    ]  # fmt: skip
    looked_up = [
        f"SELECT number, '{kind}' || {value} AS reference FROM (SELECT number, unnest({found}) AS found FROM told)"
        for kind, found, value in told
    ]
    looked_up += [
        f"SELECT {number}, {called(f'trim({quoted(name)})')} FROM {source} WHERE {quoted(name)} IS NOT NULL"
        for name in texts
        if name in referring
    ]
    connection.register("grave", pa.table({"tombstone": pa.array(known.tombstones, pa.string())}))
    rows = connection.execute(
        f"""WITH told AS MATERIALIZED (
              SELECT {number} AS number, lower({beside}) AS beside,
                     lower(concat_ws('|', {", ".join(map(quoted, texts))})) AS said
              FROM {source} WHERE coalesce({", ".join(map(quoted, texts))}) IS NOT NULL),
            looked_up AS MATERIALIZED ({" UNION ALL ".join(looked_up)}),
            known AS (
              SELECT reference FROM (SELECT DISTINCT reference FROM looked_up)
              WHERE {tombstone(known.salt, "reference")} IN (SELECT tombstone FROM grave))
            SELECT DISTINCT number FROM looked_up SEMI JOIN known USING (reference) ORDER BY number"""
    ).fetchall()
    connection.unregister("grave")
    return [number for (number,) in rows]
