"""Files of a home written anew, so that nothing of what was deleted stays behind in blocks that are free now."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb

from pipelines.settings import Home
from warehouse.cast_sql import literal, quoted
from warehouse.connection import marts_path, remove_database

Redact = Callable[[str], str]


def rewrite_warehouse(home: Home) -> None:
    """Copy the warehouse into a new file that takes its place; call while holding its lease."""
    fresh = home.root / f".{home.warehouse.name}"
    remove_database(fresh)
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH {literal(str(home.warehouse))} AS former")
        connection.execute(f"ATTACH {literal(str(fresh))} AS fresh")
        connection.execute("COPY FROM DATABASE former TO fresh")
        connection.execute("DETACH former")
        connection.execute("DETACH fresh")
    fresh.replace(home.warehouse)


def forget_marts(home: Home) -> None:
    """Remove the marts; the next refresh builds them from nothing. What readers have open stays until it publishes."""
    remove_database(marts_path(home.root))


def redact_ledger(ledger: Path, redact: Redact) -> int:
    """Take traces out of the texts of the ledger and write its file anew; how many texts held some.

    The ledger keeps no values of people, but samples and reasons name keys of rows, and a key may be an address.
    """
    with closing(sqlite3.connect(ledger, isolation_level=None)) as connection:
        connection.create_function("redact", 1, redact, deterministic=True)
        connection.execute("BEGIN IMMEDIATE")
        count = sum(_redact(connection, table, columns) for table, columns in _text_columns(connection).items())
        connection.execute("COMMIT")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return count


def redact_texts(home: Home, redact: Redact) -> int:
    """Take traces out of the home's files of plain text; how many files held some."""
    count = 0
    for file in (home.told, home.faults):
        text = file.read_text("utf-8", errors="surrogateescape") if file.exists() else ""
        after = "".join(redact(line) for line in text.splitlines(keepends=True))
        if after != text:
            fresh = file.with_name(f".{file.name}")
            fresh.write_text(after, "utf-8", errors="surrogateescape")
            fresh.replace(file)
            count += 1
    return count


def _text_columns(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """Table → its columns of text."""
    found: dict[str, list[str]] = {}
    for table, column in connection.execute(
        """SELECT told.name, held.name FROM sqlite_master AS told, pragma_table_info(told.name) AS held
           WHERE told.type = 'table' AND substr(told.name, 1, 7) <> 'sqlite_' AND held.type = 'TEXT'"""
    ).fetchall():
        found.setdefault(table, []).append(column)
    return found


def _redact(connection: sqlite3.Connection, table: str, columns: list[str]) -> int:
    """Take traces out of the texts of a table, also of one that triggers keep from being changed."""
    triggers = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", [table]
    ).fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {quoted(name)}")
    count = 0
    for column in map(quoted, columns):
        done = connection.execute(
            f"UPDATE {quoted(table)} SET {column} = redact({column}) "
            f"WHERE typeof({column}) = 'text' AND redact({column}) <> {column}"
        )
        count += done.rowcount
    for _, sql in triggers:
        connection.execute(sql)
    return count
