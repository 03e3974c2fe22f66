"""SQLite through ADBC, every value as text.

A SQLite column may hold any type in any row, and a driver that guesses a column's type from its first rows fails, or
bends values, at a later one. So SQLite itself writes each value as text: integers digit by digit, floats with as many
digits as bring the same float back (15 where they do, else 17), blobs as \\x and hexadecimal digits, as PostgreSQL
does. The contract's casts then judge every value alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote as quote_path

import adbc_driver_manager
import adbc_driver_sqlite.dbapi as driver
import pyarrow as pa

from connectors.contract import FeedContract
from connectors.delivery import Bucketing, FeedTrouble, Probe, Reject, Window
from connectors.meter import Meter, MeteredConnection
from connectors.quoting import quoted
from connectors.source_spec import SqlSource
from connectors.sql import all_text, key_condition
from connectors.sql_window import untyped_condition

_WRONG_QUERY = "no such|syntax error|incomplete input|unrecognized token|ambiguous column|wrong number of arguments"
_JULIAN_DAY_ROUNDING = timedelta(milliseconds=2)  # SQLite keeps days as milliseconds


class Sqlite:
    """A SQLite file under one contract, opened read-only."""

    def __init__(self, contract: FeedContract, source: SqlSource, path: Path, meter: Meter) -> None:
        self._contract, self._source, self._path, self._meter = contract, source, path, meter
        self._connection: Any = None
        self._rejects: list[Reject] = []

    def connect(self) -> None:
        """Open the file, which must be there: SQLite would create an empty one."""
        if self._connection is not None:
            return
        if not self._path.is_file():
            raise self._failure(f"database file {self._path} is not there", "missing")
        try:
            with self._path.open("rb"):
                pass
        except PermissionError:
            raise self._failure(f"no permission to read database file {self._path}", "denied") from None
        try:
            opened = driver.connect(f"file:{quote_path(str(self._path))}?mode=ro", autocommit=True)
            self._connection = MeteredConnection(opened, self._meter)
        except adbc_driver_manager.Error as error:
            raise self._trouble(error) from None

    def quoted_table(self, table: str) -> str:
        """schema.table → "schema"."table"."""
        return ".".join(quoted(part) for part in table.split("."))

    def columns(self, relation: str) -> list[str]:
        """Column names, in the table's order."""
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(f"SELECT * FROM {relation} LIMIT 0")
                return [column[0] for column in cursor.description]
        except adbc_driver_manager.Error as error:
            raise self._trouble(error) from None

    def schema(self, relation: str, columns: list[str]) -> pa.Schema:
        """Text, every column."""
        del relation
        return all_text(columns)

    def read(
        self, relation: str, columns: list[str], window: Window, keys: pa.Table | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Rows of the window, or of the keys, as a stream. Rows whose text is no UTF-8 go to the rejects.

        Raises FeedTrouble.
        """
        self._rejects = []
        schema = self.schema(relation, columns)
        values = ", ".join(f"{_as_text(quoted(column))} AS {quoted(column)}" for column in columns)
        try:
            with self._connection.cursor() as cursor:
                # The driver takes a column's type from the first batch, and one of NULLs alone says nothing. So the
                # first row, cut off below, shows it text in every column.
                shown = ", ".join("''" for _ in columns)
                where = self._condition(window) if keys is None else _key_condition(keys)
                cursor.execute(f"SELECT {shown} UNION ALL SELECT {values} FROM {relation} WHERE {where}")
                skip = 1
                for batch in cursor.fetch_record_batch():
                    typed = pa.RecordBatch.from_arrays(batch.slice(skip).columns, schema=schema)
                    skip = 0
                    yield self._decodable(typed)
        except (adbc_driver_manager.Error, pa.ArrowException, OSError) as error:
            raise self._trouble(error) from None

    def _decodable(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        try:
            batch.validate(full=True)
        except pa.ArrowInvalid:
            pass
        else:
            return batch
        keep = []
        bytes_of = [column.cast(pa.binary()).to_pylist() for column in batch.columns]
        for row in zip(*bytes_of, strict=True):
            texts = [(value or b"").decode("utf-8", "backslashreplace") for value in row]
            is_text = all(text.encode() == (value or b"") for text, value in zip(texts, row, strict=True))
            keep.append(is_text)
            if not is_text:
                raw = str(dict(zip(batch.schema.names, texts, strict=True)))
                self._rejects.append((None, raw, "holds text that is not UTF-8"))
        return batch.filter(pa.array(keep))

    def rejects(self) -> list[Reject]:
        """Rows with text that is not UTF-8."""
        return self._rejects

    def _condition(self, window: Window) -> str:
        # julianday() reads 'T' or blank, fractions and offsets alike; what it cannot read is NULL: always read.
        return untyped_condition(
            self._contract,
            window,
            number=_as_number,
            moment=lambda column: f"julianday({quoted(column)})",
            literal=lambda bound: f"julianday('{bound}')",
            margin=_JULIAN_DAY_ROUNDING,
        )

    def value_of(self, query: str) -> object:
        """The one value of a SELECT; None when it gives no row."""
        try:
            with self._connection.cursor() as asked:
                asked.execute(query)
                row = asked.fetchone()
        except adbc_driver_manager.Error as error:
            raise self._trouble(error) from None
        return row[0] if row else None

    def ask_nothing(self) -> None:
        """The schema version: what is not a database, or is encrypted, refuses even this."""
        try:
            with self._connection.cursor() as asked:
                asked.execute("PRAGMA schema_version")
                asked.fetchall()
        except adbc_driver_manager.Error as error:
            raise self._trouble(error) from None

    def digests(
        self, relation: str, columns: list[str], bucketing: Bucketing, totals: Sequence[str]
    ) -> pa.Table | None:
        """None: SQLite has no function that makes a check value of a row."""
        del relation, columns, bucketing, totals
        return None

    def probe(self, relation: str, before: datetime | None) -> Probe:
        """Path, no clock, count of all rows, highest cursor value to `before` as the source writes it, key extremes."""
        newest, present = "NULL", self.columns(relation)
        cursor = self._contract.cursor
        if cursor is not None and cursor.column in present:
            name = quoted(cursor.column)
            order = f"julianday({name})" if cursor.type == "timestamp" else f"CAST({name} AS NUMERIC)"
            where = self._condition(Window(upper=before))
            newest = f"(SELECT {_as_text(name)} FROM {relation} WHERE {where} ORDER BY {order} DESC NULLS LAST LIMIT 1)"
        try:
            with self._connection.cursor() as asked:
                lowest, highest = self._key_extremes(relation, present)
                asked.execute(f"SELECT (SELECT count(*) FROM {relation}), {newest}, {lowest}, {highest}")
                [(row_count, newest_value, lowest_key, highest_key)] = asked.fetchall()
        except adbc_driver_manager.Error as error:
            raise self._trouble(error) from None
        return Probe(f"sqlite {self._path.resolve()}", None, row_count, newest_value, lowest_key, highest_key)

    def _key_extremes(self, relation: str, present: list[str]) -> tuple[str, str]:
        match self._contract.key_source_columns():
            case [key] if key in present:  # each in a select of its own, which an index on the key answers at once
                name = quoted(key)
                one = f"SELECT {_as_text(name)} FROM {relation} WHERE {name} IS NOT NULL ORDER BY {name}"
                return f"({one} LIMIT 1)", f"({one} DESC LIMIT 1)"
        return "NULL", "NULL"

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _trouble(self, error: Exception) -> FeedTrouble:
        message = str(error).split("\nquery:")[0].replace("INVALID_ARGUMENT: ", "").replace("[SQLite] ", "")
        fact = f"SQLite says of {self._path.name}: {message.removeprefix('Failed to prepare query: ')}"
        if re.search(_WRONG_QUERY, message):
            return self._failure(fact, "contract")
        if "locked" in message or "busy" in message:
            return self._failure(fact, "busy")
        if "unable to open" in message or "failed to open" in message:
            return self._failure(fact, "unreachable")
        return self._failure(fact, "broken")

    def _failure(self, fact: str, kind: str) -> FeedTrouble:
        next_step = {
            "contract": "Correct table, query or columns in the contract.",
            "busy": "The next sync tries again.",
            "broken": "Run PRAGMA integrity_check on the file, or restore it.",
        }.get(kind, f"Check the path in {self._source.connection}.")
        is_retryable = kind in ("busy", "unreachable")
        return FeedTrouble(self._contract.feed, fact, next_step, kind=kind, is_retryable=is_retryable)


def _as_number(column: str) -> str:
    """SQL: text that is no number becomes NULL, which is always read."""
    name = quoted(column)
    return f"CASE WHEN CAST({name} AS TEXT) NOT GLOB '*[^0-9.eE+-]*' THEN CAST({name} AS NUMERIC) END"


def _key_condition(keys: pa.Table) -> str:
    """Values are compared as the text that was landed, as a column may hold any type in any row."""
    return key_condition([_as_text(quoted(name)) for name in keys.column_names], keys)


def _as_text(value: str) -> str:
    """SQL: a value of any type as text that brings the same value back."""
    short = f"CAST({value} AS TEXT)"
    return (
        f"CASE typeof({value}) WHEN 'blob' THEN '\\x' || lower(hex({value}))"
        f" WHEN 'real' THEN CASE WHEN CAST({short} AS REAL) = {value} THEN {short} ELSE printf('%!.17g', {value}) END"
        f" ELSE {short} END"
    )
