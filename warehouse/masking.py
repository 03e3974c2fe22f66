"""The published tables once more without anybody in them: for analysts, and whoever else is no keeper of names.

Belongs here: what becomes of a value by the class of its column, and writing the file. Does not belong here: which
class a column has (``models/*/*.yml``).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import duckdb

from warehouse.cast_sql import literal, quoted
from warehouse.comments import write_comments
from warehouse.connection import marts_path, masked_path
from warehouse.declared import MartColumn, MartTable, mart_tables
from warehouse.published_macros import create_macros

_BUILDING = ".building"
# Hexadecimal digits of a pseudonym: two of a billion different values share one with a chance of 3 in 100.
_DIGITS = 16
# Numbers of cheques and accounts lead to a person, other than amounts and bands of income.
_NUMBERS_OF_ACCOUNTS = frozenset({"instrument_ref"})
# Parts of an address that many people share. Two characters of a postal code name a region in most countries.
_POSTAL_CODE_KEPT = 2
_SHARED_BY_MANY = {"region": "{value}", "postal_code": f"left({{value}}, {_POSTAL_CODE_KEPT})"}


def write_masked(home: Path, key: str) -> Path:
    """Write a masked copy of the built marts and put it in its readers' place; the file.

    Pseudonyms, names and contacts become keyed hashes (SHA-256 over key and value), equal where the values are equal,
    so that tables still join and people can be counted; without ``key`` nobody can try values out. Of addresses the
    region and the beginning of the postal code stay, of birth dates the year. Free text is left out.

    The file has the name of the full one, in a folder of its own, as its views name their catalog.
    """
    target = masked_path(home)
    folder = target.parent / f"{_BUILDING}-{os.getpid()}"
    for leftover in target.parent.glob(f"{_BUILDING}-*"):
        shutil.rmtree(leftover)
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / target.name)) as connection:
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        connection.execute(f"ATTACH {literal(str(marts_path(home)))} AS built (READ_ONLY)")
        views = connection.execute(
            "SELECT schema_name || '.' || view_name, sql FROM duckdb_views() "
            "WHERE database_name = 'built' AND NOT internal ORDER BY ALL"
        ).fetchall()
        is_view = {name for name, _ in views}
        for table in mart_tables():
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(table.schema)}")
            if table.qualified not in is_view:
                _write_table(connection, table, key)
        _create_views(connection, [sql for _, sql in views])
        write_comments(connection, lambda column: " Masked." if is_masked(column) else "")
        create_macros(connection)
        connection.execute("DETACH built")
    os.replace(folder / target.name, target)  # noqa: PTH105  the atomic step, named as the system call it is
    folder.rmdir()
    return target


def masked_value(column: MartColumn, key: str) -> str:
    """SQL of what readers of the masked file see of a column."""
    value = quoted(column.name)
    pseudonym = f"left(sha256({literal(key)} || {value}), {_DIGITS})"
    if _has_pseudonym(column):
        return pseudonym
    if column.pii == "address":
        return _SHARED_BY_MANY.get(column.name, "NULL").format(value=value)
    if column.pii == "birth":
        return f"CAST(date_trunc('year', {value}) AS DATE)"
    return "NULL" if column.pii == "free_text" else value


def is_masked(column: MartColumn) -> bool:
    """Whether the masked file shows something else than the full one."""
    return masked_value(column, "") != quoted(column.name)


def loses_differences(column: MartColumn) -> bool:
    """Whether values that differ may look the same in the masked file, as all or part of them is left out."""
    return is_masked(column) and not _has_pseudonym(column)


def _has_pseudonym(column: MartColumn) -> bool:
    return column.pii in ("pseudonym", "name", "contact") or column.name in _NUMBERS_OF_ACCOUNTS


def _write_table(connection: duckdb.DuckDBPyConnection, table: MartTable, key: str) -> None:
    columns = ", ".join(
        f"CAST({masked_value(column, key)} AS {column.data_type}) AS {quoted(column.name)}" for column in table.columns
    )
    place = f"{quoted(table.schema)}.{quoted(table.name)}"
    connection.execute(f"CREATE TABLE {place} AS SELECT {columns} FROM built.{place}")


def _create_views(connection: duckdb.DuckDBPyConnection, statements: Sequence[str]) -> None:
    """Create views that may ask one another, whatever their order. Raises duckdb.Error when one cannot be created."""
    waiting: list[str] = []
    for statement in statements:
        try:
            connection.execute(statement)
        except duckdb.CatalogException:
            waiting.append(statement)
            if len(waiting) == len(statements):
                raise
    if waiting:
        _create_views(connection, waiting)
