"""One transaction of a run: all of it or nothing, and no working table left behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit what the block does, or roll it back when it raises. Temporary tables that it made are dropped."""
    connection.begin()
    try:
        tables_before = _temporary_tables(connection)
        yield
        for name in _temporary_tables(connection) - tables_before:
            connection.execute(f"DROP TABLE temp.{name}")
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


@contextmanager
def rolled_back(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let nothing of the block stay, however it ends."""
    connection.begin()
    try:
        yield
    finally:
        connection.rollback()


def _temporary_tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()}
