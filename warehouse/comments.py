"""Comments on every published table and column, as ``models/*/*.yml`` declare them, so that any client shows them.

dbt would write them with a statement a column through its own machinery, which takes longer than small tables do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from warehouse.cast_sql import literal, quoted
from warehouse.declared import MartColumn, mart_tables

if TYPE_CHECKING:
    import duckdb


def write_comments(
    connection: duckdb.DuckDBPyConnection, remark: Callable[[MartColumn], str] = lambda _column: ""
) -> None:
    """Write the comments of all declared tables and views that are there, each column's with a remark at its end."""
    kinds = {
        (schema, name): kind
        for schema, name, kind in connection.execute(
            """SELECT schema_name, table_name, 'TABLE' FROM duckdb_tables()
               WHERE NOT internal AND database_name = current_database()
               UNION ALL SELECT schema_name, view_name, 'VIEW' FROM duckdb_views()
               WHERE NOT internal AND database_name = current_database()"""
        ).fetchall()
    }
    statements = []
    for table in mart_tables():
        if kind := kinds.get((table.schema, table.name)):
            name = table.place
            statements.append(f"COMMENT ON {kind} {name} IS {literal(table.description)}")
            statements += [
                f"COMMENT ON COLUMN {name}.{quoted(column.name)} IS {literal(column.description + remark(column))}"
                for column in table.columns
            ]
    connection.begin()  # a transaction for each comment would take longer than the comments
    connection.execute(";".join(statements))
    connection.commit()
