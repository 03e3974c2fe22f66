"""Tables and queries in SQL databases: one query, one snapshot, as a stream of Arrow batches.

What differs between databases (types, literals, errors) lives in `sql_postgres.py`, `sql_sqlite.py` and, for all
others, `sql_other.py`; this module is the way that they share.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import pyarrow as pa

from connectors.contract import FeedContract
from connectors.declared import missing_column, undeclared
from connectors.delivery import (
    Bucketing,
    Credentials,
    Delivery,
    FeedTrouble,
    FileIdentity,
    Probe,
    Receipt,
    Reject,
    SourceReader,
    Window,
    credentials_of,
    rejects_table,
)
from connectors.meter import Meter
from connectors.quoting import literal
from connectors.retry import with_retries
from connectors.source_spec import SqlSource
from connectors.told_moment import told_moment

# Keys asked for in one query; their literals stay far below what any database takes in a statement.
KEYS_AT_ONCE = 2_000


class Database(Protocol):
    """One kind of database. Every method raises FeedTrouble in words that hold no secret."""

    def connect(self) -> None:
        """Open the connection, unless it is open."""
        ...

    def columns(self, relation: str) -> list[str]:
        """Names of the columns of a table or subquery."""
        ...

    def quoted_table(self, table: str) -> str:
        """A table's name as SQL, each part quoted."""
        ...

    def read(
        self, relation: str, columns: list[str], window: Window, keys: pa.Table | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Batches of the columns, for rows in the window, or of the keys when they are given. One statement."""
        ...

    def rejects(self) -> list[Reject]:
        """Rows of the last read that could not be handed over: position if known, text, reason."""
        ...

    def schema(self, relation: str, columns: list[str]) -> pa.Schema:
        """The schema of what `read` yields."""
        ...

    def probe(self, relation: str, before: datetime | None) -> Probe:
        """Identity, clock, row count, newest cursor value not after `before`, and extremes of a key of one column."""
        ...

    def value_of(self, query: str) -> object:
        """The one value of a SELECT; None when it gives no row."""
        ...

    def ask_nothing(self) -> None:
        """A statement that reads no table: it works when the credentials do."""
        ...

    def digests(
        self, relation: str, columns: list[str], bucketing: Bucketing, totals: Sequence[str]
    ) -> pa.Table | None:
        """As `KeyedSource.digests`."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


def open_sql(
    contract: FeedContract, source: SqlSource, url: str, *, sleep: Callable[[float], None], meter: Meter
) -> SourceReader:
    """The reader of a table or query; connects when first asked.

    Raises:
        FeedTrouble: kind 'contract' for a URL that is none, or whose driver is not installed.
    """
    return _SqlReader(contract, source, _database(contract, source, url, meter), sleep)


def _database(contract: FeedContract, source: SqlSource, url: str, meter: Meter) -> Database:
    from connectors.sql_other import OtherDatabase
    from connectors.sql_postgres import Postgres
    from connectors.sql_sqlite import Sqlite

    scheme = urlsplit(url).scheme
    if scheme in ("postgresql", "postgres"):
        return Postgres(contract, source, url, meter)
    if scheme == "sqlite":
        return Sqlite(contract, source, Path(re.sub("^sqlite:///", "", url)), meter)
    if scheme and "://" in url:
        return OtherDatabase(contract, source, url, meter)
    raise FeedTrouble(
        contract.feed,
        f"{source.connection} holds no database URL",
        "Write postgresql://user:password@host/database or sqlite:////absolute/path.db.",
        kind="contract",
    )


class _SqlReader:
    def __init__(
        self, contract: FeedContract, source: SqlSource, database: Database, sleep: Callable[[float], None]
    ) -> None:
        self._contract, self._source, self._database, self._sleep = contract, source, database, sleep

    def probe(self, *, before: datetime | None = None) -> Probe:
        """Identity and clock of the database, rows in the whole table or query, newest cursor value, key extremes.

        Beside them the moments that the contract knows how to ask for.
        """
        self._connect()
        probe = self._database.probe(self._relation(), before)
        return replace(probe, heartbeat=self._moment("heartbeat"), fed_until=self._moment("fed_until"))

    def _moment(self, name: str) -> datetime | None:
        query: str | None = getattr(self._source, name)
        if query is None:
            return None
        return told_moment(self._contract.feed, f"source.{name}", self._database.value_of(query))

    def probe_credentials(self) -> Credentials:
        """Connects and asks for nothing. A file that is not there says nothing about credentials."""
        try:
            self._connect()
            self._database.ask_nothing()
        except FeedTrouble as trouble:
            return credentials_of(trouble)
        return Credentials("accepted", "the database lets us in")

    def rows_of_keys(self, keys: pa.Table) -> Iterator[Delivery]:
        """A delivery for each two thousand keys."""
        self._connect()
        relation, declared = self._relation(), list(self._contract.source_columns())
        schema = self._database.schema(relation, declared)
        for start in range(0, keys.num_rows, KEYS_AT_ONCE):
            batches = self._database.read(relation, declared, Window(), keys.slice(start, KEYS_AT_ONCE))
            yield Delivery(self._shown(), pa.RecordBatchReader.from_batches(schema, batches), Receipt)

    def digests(self, bucketing: Bucketing, totals: Sequence[str]) -> pa.Table | None:
        """Counts and sums by one query, where the database can make them such that both sides agree."""
        self._connect()
        return self._database.digests(self._relation(), list(self._contract.source_columns()), bucketing, totals)

    def deliveries(
        self, window: Window, *, is_landed: Callable[[FileIdentity], bool], raw_folder: Callable[[], Path]
    ) -> Iterator[Delivery]:
        """One delivery: the rows of the window. A database hands over no files: none are kept. Raises FeedTrouble."""
        del is_landed, raw_folder
        self._connect()
        relation, declared = self._relation(), list(self._contract.source_columns())
        present = self._database.columns(relation)
        missing = [column for column in declared if column not in present]
        if missing:
            raise missing_column(self._contract, self._shown(), missing, present)
        schema = self._database.schema(relation, declared)
        batches = self._database.read(relation, declared, window)

        def receipt() -> Receipt:
            rejects = rejects_table(self._database.rejects())
            return Receipt(rejects=rejects, undeclared_columns=undeclared(declared, present))

        yield Delivery(self._shown(), pa.RecordBatchReader.from_batches(schema, batches), receipt)

    def close(self) -> None:
        """Close the connection."""
        self._database.close()

    def _connect(self) -> None:
        with_retries(self._database.connect, feed=self._contract.feed, sleep=self._sleep, attempts=3)

    def _relation(self) -> str:
        if self._source.table is not None:
            return self._database.quoted_table(self._source.table)
        # On a line of its own, as the query may end in a comment.
        return f"({(self._source.query or '').strip().rstrip(';')}\n) AS source_query"

    def _shown(self) -> str:
        return f"table {self._source.table}" if self._source.table is not None else "the query's result"


def all_text(columns: Sequence[str]) -> pa.Schema:
    """The schema of a read whose values the database writes as text, every one."""
    return pa.schema([(column, pa.string()) for column in columns])


def key_condition(values: Sequence[str], keys: pa.Table) -> str:
    """SQL: the row has one of the keys. `values` are the expressions of the key's columns, in the order of `keys`.

    The literals of a text column are texts; a database that knows the column's type reads them as that.
    """
    if not values:
        return "1 = 1"
    rows = zip(*(column.to_pylist() for column in keys.columns), strict=True)
    if len(values) == 1:
        return f"{values[0]} IN ({', '.join(literal(value) for (value,) in rows if value is not None) or 'NULL'})"
    listed = (" AND ".join(_equals(value, text) for value, text in zip(values, row, strict=True)) for row in rows)
    return " OR ".join(f"({one})" for one in listed)


def _equals(value: str, text: str | None) -> str:
    return f"{value} IS NULL" if text is None else f"{value} = {literal(text)}"
