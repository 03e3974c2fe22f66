"""Counting rows: by query, by the statement that wrote them, in a landed file."""

from __future__ import annotations

from pathlib import Path

import duckdb

from warehouse.cast_sql import literal


def number(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: list[object] | dict[str, object] | None = None
) -> int:
    """The first value of the first row of a query that gives some; for INSERT, UPDATE and DELETE the number of rows."""
    ((value, *_), *_) = connection.execute(sql, parameters).fetchall()
    return int(value)


def parquet_rows(connection: duckdb.DuckDBPyConnection, path: Path | None) -> int:
    """Rows of a Parquet file; none when there is no file."""
    if path is None:
        return 0
    return number(connection, f"SELECT count(*) FROM read_parquet({literal(str(path))})")
