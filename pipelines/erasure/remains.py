"""Search a whole home for traces of erased customers: every table of every file, and the bytes of all other files."""

from __future__ import annotations

import gzip
import re
import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb

from pipelines.erasure.matching import addresses_in, numbers_naming, register_traces
from pipelines.erasure.subject import Traces
from pipelines.redaction import ADDRESS, Redaction
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
        yield from _in_blocks(file, traces, partial(_addresses_in_duckdb, connection, file))
    elif file.suffix == _SQLITE:
        yield from _in_sqlite(file, redact)
        yield from _in_blocks(file, traces, partial(_addresses_in_sqlite, file))
    else:
        held = file.read_bytes()
        text = (gzip.decompress(held) if file.suffix == _GZIP else held).decode("utf-8", "surrogateescape")
        pieces = (piece for line in text.splitlines() for piece in _BETWEEN_RECORDS.split(line))
        yield from _counted("", sum(redact(piece) != piece for piece in pieces))


def _in_blocks(
    file: Path, traces: Traces, addresses_with: Callable[[Collection[str]], Iterable[str]]
) -> Iterator[tuple[str, int]]:
    """Blocks of a database that are free now keep what they held, so its bytes are searched for addresses as well.

    Nothing parts one text from the next there, so that a part of somebody else's address looks like a whole one.
    """
    held = file.read_bytes().lower()
    if found := addresses_in(held, traces.emails):
        found = addresses_in(held, found, [one for one in addresses_with(found) if one not in found])
    yield from _counted(" (bytes)", len(found))


def _in_duckdb(connection: duckdb.DuckDBPyConnection, file: Path) -> Iterator[tuple[str, int]]:
    for table, source in _tables_of(connection, file):
        yield from _counted(f": {table}", _rows_naming(connection, source))


def _addresses_in_duckdb(connection: duckdb.DuckDBPyConnection, file: Path, parts: Collection[str]) -> Iterator[str]:
    """Addresses in the file's tables that have one of these parts, in lower case."""
    for _, source in _tables_of(connection, file):
        if said := _said(connection, source):
            found = connection.execute(
                f"""SELECT DISTINCT rtrim(found, '.') AS address
                    FROM (SELECT unnest(regexp_extract_all({said}, {literal(ADDRESS)})) AS found FROM {source})
                    WHERE len(list_filter($parts, lambda part: contains(address, part))) > 0""",
                {"parts": list(parts)},
            )
            yield from (address for (address,) in found.fetchall())


def _tables_of(connection: duckdb.DuckDBPyConnection, file: Path) -> Iterator[tuple[str, str]]:
    """Name of each table of a DuckDB file, and what it is called in SQL while it is looked at."""
    connection.execute(f"ATTACH {literal(str(file))} AS searched (READ_ONLY)")
    try:
        for schema, table in connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'searched' ORDER BY ALL"
        ).fetchall():
            yield f"{schema}.{table}", f"searched.{quoted(schema)}.{quoted(table)}"
    finally:
        connection.execute("DETACH searched")


def _in_sqlite(file: Path, redact: Callable[[str], str]) -> Iterator[tuple[str, int]]:
    for table, rows in _rows_of_sqlite(file):
        named = sum(any(isinstance(value, str) and redact(value) != value for value in row) for row in rows)
        yield from _counted(f": {table}", named)


def _addresses_in_sqlite(file: Path, parts: Collection[str]) -> Iterator[str]:
    """As `_addresses_in_duckdb`."""
    for _, rows in _rows_of_sqlite(file):
        said = (value.lower() for row in rows for value in row if isinstance(value, str))
        for address in (one.rstrip(".") for text in said for one in re.findall(ADDRESS, text)):
            if any(part in address for part in parts):
                yield address


def _rows_of_sqlite(file: Path) -> Iterator[tuple[str, Iterable[tuple[object, ...]]]]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        for (table,) in tables:
            yield table, connection.execute(f"SELECT * FROM {quoted(table)}")


def _rows_naming(connection: duckdb.DuckDBPyConnection, source: str) -> int:
    """Rows of a table that hold a trace."""
    said = _said(connection, source)
    if said is None:
        return 0
    rows_said = f"SELECT row_number() OVER () AS number, {said} AS said FROM {source}"
    ((rows,),) = connection.execute(f"SELECT count(*) FROM ({numbers_naming(rows_said)})").fetchall()
    return int(rows)


def _said(connection: duckdb.DuckDBPyConnection, source: str) -> str | None:
    """SQL of what a row says in all columns whose values can be a trace: not a moment, an amount or a yes or no."""
    columns = connection.execute(f"DESCRIBE FROM {source}").fetchall()
    texts = [quoted(name) for name, data_type, *_ in columns if not data_type.startswith(_NEVER_A_TRACE)]
    # No pattern reaches across the sign between two columns.
    return f"lower(concat_ws('|', {', '.join(texts)}))" if texts else None


def _counted(place: str, rows: int) -> Iterator[tuple[str, int]]:
    if rows:
        yield place, rows
