"""Databases beside PostgreSQL and SQLite, through connectorx (the `connectorx` extra): MySQL, SQL Server, Oracle.

connectorx picks Arrow types and gives no server clock. It is slower to prove exact than the two databases above, so
each value is cast to text by the server; the contract's casts judge it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
from sqlglot import exp

from connectors.contract import FeedContract
from connectors.delivery import Bucketing, FeedTrouble, Probe, Reject, Window
from connectors.meter import Meter
from connectors.secrecy import without_password
from connectors.source_spec import SqlSource
from connectors.sql import all_text, key_condition
from connectors.sql_window import untyped_condition

BATCH_ROWS = 65_536
_DIALECTS = {"mysql": "mysql", "mariadb": "mysql", "mssql": "tsql", "oracle": "oracle", "redshift": "redshift"}


class OtherDatabase:
    """A database that connectorx reads, under one contract."""

    def __init__(self, contract: FeedContract, source: SqlSource, url: str, meter: Meter) -> None:
        self._contract, self._source, self._url, self._meter = contract, source, url, meter
        scheme = urlsplit(url).scheme.partition("+")[0]
        if scheme not in _DIALECTS:
            raise FeedTrouble(
                contract.feed,
                f"{source.connection} has URL scheme '{scheme}', which no driver reads",
                f"Use postgresql, sqlite, or one of {', '.join(_DIALECTS)}.",
                kind="contract",
            )
        try:
            import connectorx
        except ImportError:
            raise FeedTrouble(
                contract.feed,
                f"a {scheme} database needs connectorx, which is not installed",
                "Run: pip install 'customer-360[connectorx]'",
                kind="contract",
            ) from None
        self._connectorx: Any = connectorx
        self._dialect = _DIALECTS[scheme]

    def connect(self) -> None:
        """Nothing to open: connectorx connects for each query."""

    def quoted_table(self, table: str) -> str:
        """A table's name, each part quoted as the database wants it."""
        return ".".join(self._quoted(part) for part in table.split("."))

    def _quoted(self, name: str) -> str:
        return exp.to_identifier(name, quoted=True).sql(dialect=self._dialect)

    def columns(self, relation: str) -> list[str]:
        """Column names, in the table's order."""
        return list(self._table(f"SELECT * FROM {relation} WHERE 1 = 0").schema.names)

    def schema(self, relation: str, columns: list[str]) -> pa.Schema:
        """Text, every column."""
        del relation
        return all_text(columns)

    def read(
        self, relation: str, columns: list[str], window: Window, keys: pa.Table | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Rows of the window, or of the keys. Raises FeedTrouble."""
        values = ", ".join(f"{self._as_text(column)} AS {self._quoted(column)}" for column in columns)
        schema = self.schema(relation, columns)
        where = self._condition(window)
        if keys is not None:
            where = key_condition([self._as_text(column) for column in keys.column_names], keys)
        query = f"SELECT {values} FROM {relation} WHERE {where}"
        self._meter.asked()
        try:
            for batch in self._connectorx.read_sql(self._url, query, return_type="arrow_stream", batch_size=BATCH_ROWS):
                yield pa.RecordBatch.from_arrays([c.cast(pa.string()) for c in batch.columns], schema=schema)
        except Exception as error:
            raise self._trouble(error) from None

    def _as_text(self, column: str) -> str:
        identifier = exp.column(exp.to_identifier(column, quoted=True))
        return exp.cast(identifier, exp.DataType.build("text")).sql(dialect=self._dialect)

    def _condition(self, window: Window) -> str:
        return untyped_condition(self._contract, window, number=self._quoted, moment=self._quoted, literal=self._time)

    def _time(self, bound: object) -> str:
        text = exp.Literal.string(str(bound))
        return exp.cast(text, exp.DataType.build("timestamp")).sql(dialect=self._dialect)

    def rejects(self) -> list[Reject]:
        """None: all is text."""
        return []

    def ask_nothing(self) -> None:
        """A constant, from the table that Oracle wants for it."""
        self._table("SELECT 1 AS one FROM dual" if self._dialect == "oracle" else "SELECT 1 AS one")

    def digests(
        self, relation: str, columns: list[str], bucketing: Bucketing, totals: Sequence[str]
    ) -> pa.Table | None:
        """None: what these databases make of a value as text is not proven to be the same as here."""
        del relation, columns, bucketing, totals
        return None

    def probe(self, relation: str, before: datetime | None) -> Probe:
        """Host and database of the URL, no clock, count of all rows, highest cursor value to `before`, key extremes."""
        cursor, asked = self._contract.cursor, ""
        if cursor is not None:
            known = self._condition(Window(upper=before))
            asked = f", max(CASE WHEN {known} THEN {self._quoted(cursor.column)} END) AS newest"
        match self._contract.key_source_columns():
            case [key]:
                asked += f", min({self._quoted(key)}) AS lowest, max({self._quoted(key)}) AS highest"
        [row] = self._table(f"SELECT count(*) AS row_count{asked} FROM {relation}").to_pylist()
        parts = urlsplit(self._url)
        identity = f"{parts.scheme} {parts.netloc.rpartition('@')[2]}{parts.path}"
        newest, lowest, highest = (_shown(row.get(name)) for name in ("newest", "lowest", "highest"))
        return Probe(identity, None, int(row["row_count"]), newest, lowest, highest)

    def value_of(self, query: str) -> object:
        """The one value of a SELECT; None when it gives no row."""
        rows = self._table(query).to_pylist()
        return next(iter(rows[0].values())) if rows else None

    def close(self) -> None:
        """Nothing stays open."""

    def _table(self, query: str) -> pa.Table:
        self._meter.asked()
        try:
            return self._connectorx.read_sql(self._url, query, return_type="arrow")
        except Exception as error:
            raise self._trouble(error) from None

    def _trouble(self, error: Exception) -> FeedTrouble:
        message = without_password(str(error), self._url).split("\n")[0]
        kind, is_retryable = "broken", False
        if re.search(r"denied|password|login failed|authenticat", message, re.IGNORECASE):
            kind = "denied"
        elif re.search(r"connect|timed? ?out|resolve|refused|unreachable", message, re.IGNORECASE):
            kind, is_retryable = "unreachable", True
        elif re.search(r"unknown (column|table)|doesn't exist|invalid (column|object)|ORA-0", message, re.IGNORECASE):
            kind = "contract"
        next_step = f"Check {self._source.connection}, and table, query and columns in the contract."
        return FeedTrouble(
            self._contract.feed, f"the database says: {message}", next_step, kind=kind, is_retryable=is_retryable
        )


def _shown(value: object) -> str | None:
    if value is None:
        return None
    return value.isoformat() if isinstance(value, datetime) else str(value)
