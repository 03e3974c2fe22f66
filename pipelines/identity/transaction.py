"""One transaction of a run: all of it or nothing, and no working table left behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit what the block does, or roll it back when it raises. Temporary tables and views are dropped."""
    connection.begin()
    try:
        before = _working(connection)
        yield
        if working := _working(connection) - before:
            connection.execute("; ".join(f"DROP {kind} temp.{name}" for kind, name in working))
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


def _working(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    """Kind and name of what is temporary."""
    rows = connection.execute(
        """SELECT 'TABLE', table_name FROM duckdb_tables() WHERE temporary
           UNION ALL SELECT 'VIEW', view_name FROM duckdb_views() WHERE temporary AND NOT internal"""
    ).fetchall()
    return {(kind, name) for kind, name in rows}
