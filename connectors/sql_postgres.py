"""PostgreSQL through ADBC.

Types that Arrow holds exactly arrive as they are; all others are cast to text by the server, because the driver would
hand them over as opaque bytes, and `numeric` must not pass through a float. 'infinity' in a date or timestamp, and a
timestamp after Arrow's last, have no Arrow value (the driver hands over an arbitrary one): such rows go to the rejects.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import adbc_driver_manager
import adbc_driver_postgresql.dbapi as driver
import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import FeedContract
from connectors.delivery import Bucketing, FeedTrouble, Probe, Reject, Window
from connectors.meter import Meter, MeteredConnection
from connectors.quoting import quoted
from connectors.secrecy import without_password
from connectors.source_spec import SqlSource
from connectors.sql import key_condition
from connectors.sql_postgres_digest import CHECKED_TIMES, digest_query, has_arrow_value
from connectors.sql_window import condition, cursor_zone, moment_bounds, naive_bounds, numeric_bounds

# PostgreSQL types that arrive in the Arrow type that means the same. All others are read as text.
_EXACT = {"bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar", "bpchar", "name", "date"}
_EXACT |= {"timestamp", "timestamptz"}
_NUMBERS = {"int2", "int4", "int8", "float4", "float8", "numeric"}
_ORDERED = {*_NUMBERS, "text", "varchar", "date", "timestamp", "timestamptz"}
EXACT_EPOCH = 14  # before this version, extract(epoch …) gives a float

# SQLSTATE, whole or its class, → kind of trouble. 08 and 57P: connection lost, 53: out of resources, 55P/40: locks.
_KINDS = {"42501": "denied", "28": "denied", "42P01": "contract", "42703": "contract", "3F000": "contract"}
_KINDS |= {"42": "contract", "08": "unreachable", "57": "unreachable", "53": "busy", "55": "busy", "40": "busy"}
_NEXT_STEPS = {
    "denied": "Check user and password in {name}, and grant SELECT to that user.",
    "unreachable": "Check that the database server runs and that {name} has its host and port.",
    "missing": "Correct the database name in {name}.",
    "contract": "Correct table, query or columns in the contract.",
    "busy": "The next sync tries again.",
    "broken": "Correct the query in the contract, or the data at the source.",
}


class Postgres:
    """A PostgreSQL database under one contract."""

    def __init__(self, contract: FeedContract, source: SqlSource, url: str, meter: Meter) -> None:
        self._contract, self._source, self._url, self._meter = contract, source, url, meter
        self._connection: Any = None
        self._rejects: list[Reject] = []
        self._types: dict[str, dict[str, str]] = {}

    def connect(self) -> None:
        """Open one session in UTC."""
        if self._connection is not None:
            return
        try:
            self._connection = MeteredConnection(driver.connect(self._url, autocommit=True), self._meter)
            with self._connection.cursor() as cursor:
                cursor.execute("SET TIME ZONE 'UTC'")
        except adbc_driver_manager.Error as error:
            raise self._trouble(error) from None

    def quoted_table(self, table: str) -> str:
        """schema.table → "schema"."table"."""
        return ".".join(quoted(part) for part in table.split("."))

    def columns(self, relation: str) -> list[str]:
        """Column names, in the table's order."""
        return list(self._column_types(relation))

    def _column_types(self, relation: str) -> dict[str, str]:
        if relation not in self._types:
            try:
                with self._connection.cursor() as cursor:
                    schema = cursor.adbc_execute_schema(f"SELECT * FROM {relation} LIMIT 0")
            except adbc_driver_manager.Error as error:
                raise self._trouble(error) from None
            self._types[relation] = {
                field.name: (field.metadata or {}).get(b"POSTGRESQL:type", b"").decode() for field in schema
            }
        return self._types[relation]

    def schema(self, relation: str, columns: list[str]) -> pa.Schema:
        """Arrow types as delivered: exact ones as they are, all others text."""
        try:
            with self._connection.cursor() as cursor:
                found = cursor.adbc_execute_schema(f"SELECT {self._selected(relation, columns)} FROM {relation}")
        except adbc_driver_manager.Error as error:
            raise self._trouble(error) from None
        return pa.schema([found.field(column).remove_metadata() for column in columns])

    def _selected(self, relation: str, columns: list[str]) -> str:
        types = self._column_types(relation)
        return ", ".join(
            quoted(column) if types[column] in _EXACT else f"{quoted(column)}::text AS {quoted(column)}"
            for column in columns
        )

    def read(
        self, relation: str, columns: list[str], window: Window, keys: pa.Table | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Rows of the window, or of the keys, as a stream. Raises FeedTrouble."""
        self._rejects = []
        types = self._column_types(relation)
        schema = self.schema(relation, columns)
        known = [
            f"NOT {has_arrow_value(quoted(name), types[name])}" for name in columns if types[name] in CHECKED_TIMES
        ]
        infinite = " OR ".join(known) or "false"
        query = f"SELECT {self._selected(relation, columns)}, coalesce({infinite}, false)"
        # A literal without a type takes that of the column, so an index on the key serves.
        where = (
            self._condition(types, window)
            if keys is None
            else key_condition([quoted(name) for name in keys.column_names], keys)
        )
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(f"{query} FROM {relation} WHERE {where}")
                for batch in cursor.fetch_record_batch():
                    yield self._finite(batch, schema)
        except (adbc_driver_manager.Error, pa.ArrowException, OSError) as error:
            raise self._trouble(error) from None

    def _finite(self, batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
        kept = pa.RecordBatch.from_arrays(batch.columns[:-1], schema=schema)
        mark = batch.columns[-1]
        if pc.any(mark).as_py():
            refused = kept.filter(mark)
            for row in range(refused.num_rows):
                shown = {name: str(_shown(refused.column(name), row)) for name in schema.names}
                reason = "holds 'infinity', or a time after the year 294246; map it in a query with nullif"
                self._rejects.append((None, str(shown), reason))
            kept = kept.filter(pc.invert(mark))
        return kept

    def rejects(self) -> list[Reject]:
        """Rows with infinite times."""
        return self._rejects

    def _condition(self, types: dict[str, str], window: Window) -> str:
        cursor = self._contract.cursor
        if cursor is None:
            return "true"
        name, kind = quoted(cursor.column), types[cursor.column]
        if cursor.type != "timestamp" or kind in _NUMBERS:
            bounds = numeric_bounds(window, cursor)
            value = name if kind in _NUMBERS else f"{name}::numeric"
            return condition(value, bounds, {key: str(bound) for key, bound in vars(bounds).items()})
        bounds = moment_bounds(window)
        if kind in ("timestamp", "date"):
            bounds = naive_bounds(bounds, cursor_zone(self._contract))
            value, type_name = name, kind
        else:
            value, type_name = (name if kind == "timestamptz" else f"{name}::timestamptz"), "timestamptz"
        return condition(value, bounds, {key: f"'{bound}'::{type_name}" for key, bound in vars(bounds).items()})

    def ask_nothing(self) -> None:
        """SELECT 1."""
        self._rows("SELECT 1")

    def digests(
        self, relation: str, columns: list[str], bucketing: Bucketing, totals: Sequence[str]
    ) -> pa.Table | None:
        """Counts and sums made by the server. Raises FeedTrouble."""
        cursor = self._contract.cursor
        if cursor is None or cursor.type != "timestamp" or self._version() < EXACT_EPOCH:
            return None
        types = self._column_types(relation)
        query = digest_query(relation, types, columns, cursor.column, bucketing, totals)
        if query is None:
            return None
        try:
            with self._connection.cursor() as asked:
                asked.execute(query)
                return asked.fetch_arrow_table()
        except adbc_driver_manager.Error as error:
            raise self._trouble(error) from None

    def probe(self, relation: str, before: datetime | None) -> Probe:
        """Cluster and database, server clock, count of all rows, highest cursor value to `before`, key extremes."""
        cursor = self._contract.cursor
        newest, types = "NULL::text", self._column_types(relation)
        if cursor is not None and cursor.column in types:
            known = self._condition(types, Window(upper=before))
            newest = f"max({quoted(cursor.column)}) FILTER (WHERE {known})"
            is_exact = types[cursor.column] == "timestamptz"
            newest = f"""to_char({newest}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""" if is_exact else f"({newest})::text"
        lowest, highest = self._key_extremes(types)
        [(clock, name, oid, may_ask, row_count, newest_value, lowest_key, highest_key)] = self._rows(
            f"""SELECT clock_timestamp(), current_database()::text,
                       (SELECT oid::bigint FROM pg_database WHERE datname = current_database()),
                       has_function_privilege('pg_control_system()', 'execute'), count(*), {newest},
                       {lowest}, {highest}
                FROM {relation}"""
        )
        system = ""
        if may_ask:
            [(identifier,)] = self._rows("SELECT system_identifier::text FROM pg_control_system()")
            system = f" system {identifier}"
        identity = f"postgresql {self._host()}/{name} oid {oid}{system}"
        return Probe(identity, clock.astimezone(UTC), row_count, newest_value, lowest_key, highest_key)

    def value_of(self, query: str) -> object:
        """The one value of a SELECT; None when it gives no row."""
        rows = self._rows(query)
        return rows[0][0] if rows else None

    def _key_extremes(self, types: dict[str, str]) -> tuple[str, str]:
        match self._contract.key_source_columns():
            case [key] if types.get(key) in _ORDERED:
                return f"min({quoted(key)})::text", f"max({quoted(key)})::text"
        return "NULL::text", "NULL::text"

    def _version(self) -> int:
        return int(str(self._connection.adbc_get_info()["vendor_version"]).partition(".")[0])

    def _host(self) -> str:
        host = re.sub(r"^\w+://", "", self._url).split("/")[0].rpartition("@")[2]
        return host or (re.search(r"[?&]host=([^&]+)", self._url) or ["", "local"])[1]

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(query)
                return list(cursor.fetchall())
        except adbc_driver_manager.Error as error:
            raise self._trouble(error) from None

    def close(self) -> None:
        """Close the session."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _trouble(self, error: Exception) -> FeedTrouble:
        message, state = str(error), getattr(error, "sqlstate", None) or ""
        kind = _KINDS.get(state) or _KINDS.get(state[:2]) or ("broken" if state else _connect_kind(message))
        fact = re.sub(r"^.*?(?:FATAL|ERROR):\s*", "", message.split("\nQuery was")[0], flags=re.DOTALL)
        fact = without_password(fact.split("\n")[0].replace("IO: [libpq] ", ""), self._url)
        next_step = _NEXT_STEPS[kind].format(name=self._source.connection)
        is_retryable = kind in ("unreachable", "busy")
        return FeedTrouble(
            self._contract.feed, f"PostgreSQL says: {fact}", next_step, kind=kind, is_retryable=is_retryable
        )


def _connect_kind(message: str) -> str:
    if re.search(r"password|authentication|pg_hba|role .* does not exist|permission denied", message):
        return "denied"
    if re.search(r'database ".*" does not exist', message):
        return "missing"
    if "connect" in message or "server closed" in message or "translate host name" in message:
        return "unreachable"
    return "broken"


def _shown(column: pa.Array, row: int) -> object:
    try:
        return column[row].as_py()
    except (ValueError, OverflowError):
        return "out of range"
