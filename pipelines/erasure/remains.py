"""Search a whole home for traces of erased customers: every table of every file, and the bytes of all other files."""

from __future__ import annotations

import gzip
import re
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.erasure.matching import addresses_in, numbers_naming, register_traces
from pipelines.erasure.subject import Traces
from pipelines.redaction import Redaction
from pipelines.settings import Home
from warehouse.cast_sql import literal, quoted

_NEVER_A_TRACE = ("TIME", "DATE", "BOOLEAN", "DECIMAL", "DOUBLE", "FLOAT")
_DUCKDB, _SQLITE, _PARQUET, _GZIP = ".duckdb", ".db", ".parquet", ".gz"
# A page of JSON is one line: a name in one of its records and a postal code in another are not beside each other.
_BETWEEN_RECORDS = re.compile(r"\}\s*,\s*\{")


@dataclass(frozen=True)
class Remain:
    """Something that was found. `place` is the file, in the home, with the table where it has tables."""

    place: str
    rows: int


@dataclass(frozen=True)
class Search:
    """What was searched and found. A file that could not be read is among `unread`: nothing is known of it."""

    files: int
    bytes: int
    found: tuple[Remain, ...]
    unread: tuple[str, ...]


def search(home: Home, traces: Traces, *, aside: Path) -> Search:
    """Look for traces in all files under the home, other than the sample company, which is a source, and `aside`."""
    redact = Redaction(traces.references().__contains__)
    found: list[Remain] = []
    unread: list[str] = []
    files = [
        file
        for file in sorted(home.root.rglob("*"))
        if file.is_file() and not file.is_relative_to(home.sample) and file not in (aside, home.connections)
    ]
    with duckdb.connect() as connection:
        register_traces(connection, traces)
        for file in files:
            name = str(file.relative_to(home.root))
            try:
                found += [Remain(f"{name}{table}", rows) for table, rows in _in_file(connection, file, traces, redact)]
            except (OSError, EOFError, zlib.error, duckdb.Error, sqlite3.Error):
                unread.append(name)
    return Search(len(files), sum(file.stat().st_size for file in files if file.exists()), tuple(found), tuple(unread))


def _in_file(
    connection: duckdb.DuckDBPyConnection, file: Path, traces: Traces, redact: Callable[[str], str]
) -> Iterator[tuple[str, int]]:
    if file.suffix == _PARQUET:
        yield from _counted("", _rows_naming(connection, f"read_parquet({literal(str(file))})"))
    elif file.suffix == _DUCKDB:
        yield from _in_duckdb(connection, file)
        yield from _in_blocks(file, traces)
    elif file.suffix == _SQLITE:
        yield from _in_sqlite(file, redact)
        yield from _in_blocks(file, traces)
    else:
        held = file.read_bytes()
        text = (gzip.decompress(held) if file.suffix == _GZIP else held).decode("utf-8", "surrogateescape")
        pieces = (piece for line in text.splitlines() for piece in _BETWEEN_RECORDS.split(line))
        yield from _counted("", sum(redact(piece) != piece for piece in pieces))


def _in_blocks(file: Path, traces: Traces) -> Iterator[tuple[str, int]]:
    """Blocks of a database that are free now keep what they held, so its bytes are searched for addresses as well."""
    yield from _counted(" (bytes)", addresses_in(file.read_bytes().lower(), traces.emails))


def _in_duckdb(connection: duckdb.DuckDBPyConnection, file: Path) -> Iterator[tuple[str, int]]:
    connection.execute(f"ATTACH {literal(str(file))} AS searched (READ_ONLY)")
    try:
        for schema, table in connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'searched' ORDER BY ALL"
        ).fetchall():
            rows = _rows_naming(connection, f"searched.{quoted(schema)}.{quoted(table)}")
            yield from _counted(f": {schema}.{table}", rows)
    finally:
        connection.execute("DETACH searched")


def _in_sqlite(file: Path, redact: Callable[[str], str]) -> Iterator[tuple[str, int]]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        for (table,) in tables:
            rows = connection.execute(f"SELECT * FROM {quoted(table)}")
            named = sum(any(isinstance(value, str) and redact(value) != value for value in row) for row in rows)
            yield from _counted(f": {table}", named)


def _rows_naming(connection: duckdb.DuckDBPyConnection, source: str) -> int:
    """Rows of a table that hold a trace, in all columns whose values can: not a moment, an amount or a yes or no."""
    columns = connection.execute(f"DESCRIBE FROM {source}").fetchall()
    texts = [quoted(name) for name, data_type, *_ in columns if not data_type.startswith(_NEVER_A_TRACE)]
    if not texts:
        return 0
    # No pattern reaches across the sign between two columns.
    said = f"lower(concat_ws('|', {', '.join(texts)}))"
    rows_said = f"SELECT row_number() OVER () AS number, {said} AS said FROM {source}"
    ((rows,),) = connection.execute(f"SELECT count(*) FROM ({numbers_naming(rows_said)})").fetchall()
    return int(rows)


def _counted(place: str, rows: int) -> Iterator[tuple[str, int]]:
    if rows:
        yield place, rows
