"""Comments on every published table and column, as ``models/*/*.yml`` declare them, so that any client shows them.

dbt would write them with a statement a column through its own machinery, which takes longer than small tables do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from warehouse.cast_sql import literal, quoted
from warehouse.declared import MartColumn, MartTable, mart_tables

if TYPE_CHECKING:
    import duckdb


def write_comments(connection: duckdb.DuckDBPyConnection) -> None:
    """Write the comments of all declared tables and views that are there, and of their columns."""
    kinds = {
        (schema, name): kind
        for schema, name, kind in connection.execute(
            """SELECT schema_name, table_name, 'TABLE' FROM duckdb_tables()
               WHERE NOT internal AND database_name = current_database()
               UNION ALL SELECT schema_name, view_name, 'VIEW' FROM duckdb_views()
               WHERE NOT internal AND database_name = current_database()"""
        ).fetchall()
    }
    there = [(table, kinds[table.schema, table.name]) for table in mart_tables() if (table.schema, table.name) in kinds]
    write(
        connection,
        [comment_on_table(table, kind) for table, kind in there]
        + [comment_on_column(table, column) for table, _ in there for column in table.columns],
    )


def comment_on_table(table: MartTable, kind: str = "TABLE") -> str:
    """The statement that says what a table, or of kind VIEW a view, holds."""
    return f"COMMENT ON {kind} {table.place} IS {literal(table.description)}"


def comment_on_column(table: MartTable, column: MartColumn, remark: str = "") -> str:
    """The statement that says what a column of a table or view holds, with a remark at its end."""
    return f"COMMENT ON COLUMN {table.place}.{quoted(column.name)} IS {literal(column.description + remark)}"


def write(connection: duckdb.DuckDBPyConnection, comments: Iterable[str]) -> None:
    """Run such statements as one transaction: one for each would take longer than the comments."""
    connection.begin()
    connection.execute(";".join(comments))
    connection.commit()
