"""What is asked of the published files: which tables and columns, by which command, never a value.

A line is written whenever somebody asks; a refresh counts the lines into the warehouse. Nobody is named who does not
say so (C360_USER).
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from pipelines.settings import Home, Settings
from warehouse.cast_sql import literal
from warehouse.connection import ensure_ops_schema

if TYPE_CHECKING:
    import duckdb

# A quarter shows what is used at all; longer would keep who asked for longer than anybody needs it.
DAYS_KEPT = 90


def note(settings: Settings, command: str, columns: Iterable[tuple[str, str]], now: datetime) -> None:
    """Write down that a command asked for columns, each as (`schema.table`, column).

    One write a line, so that commands that run at once do not mix. Where the home cannot be written to nothing is
    noted: to answer matters more than to count.
    """
    at = now.astimezone(UTC)
    asked = sorted({f"{table}.{column}" for table, column in columns})
    line = json.dumps(
        {"asked_at": f"{at:%Y-%m-%d %H:%M:%S}", "command": command, "user": settings.user, "columns": asked}
    )
    with contextlib.suppress(OSError):
        settings.home.usage.mkdir(exist_ok=True)
        file = os.open(settings.home.usage / f"{at:%Y-%m-%d}.jsonl", os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o666)
        try:
            os.write(file, f"{line}\n".encode())
        finally:
            os.close(file)


def count(connection: duckdb.DuckDBPyConnection, home: Home, now: datetime) -> None:
    """Count the last DAYS_KEPT days into ops.column_query and ops.command_use, and remove what is older.

    All is counted anew, so it may be done again. A line that was cut off is left out.
    """
    ensure_ops_schema(connection)
    oldest = now.astimezone(UTC).date() - timedelta(days=DAYS_KEPT)
    files = []
    for file in sorted(home.usage.glob("????-??-??.jsonl")):
        if date.fromisoformat(file.stem) < oldest:
            file.unlink()
        else:
            files.append(file)
    connection.execute("DELETE FROM ops.column_query")
    connection.execute("DELETE FROM ops.command_use")
    if not files:
        return
    lines = f"""read_json([{", ".join(literal(str(file)) for file in files)}], format = 'newline_delimited',
        ignore_errors = true,
        columns = {{asked_at: 'TIMESTAMP', command: 'VARCHAR', "user": 'VARCHAR', columns: 'VARCHAR[]'}})"""
    connection.execute(
        f"""INSERT INTO ops.column_query
            SELECT split_part(name, '.', 1) || '.' || split_part(name, '.', 2), split_part(name, '.', 3), asked_on,
                   count(*)
            FROM (SELECT CAST(asked_at AS DATE) AS asked_on, unnest(columns) AS name
                  FROM {lines} WHERE asked_at IS NOT NULL)
            GROUP BY ALL"""
    )
    connection.execute(
        f"""INSERT INTO ops.command_use
            SELECT command, CAST(asked_at AS DATE), count(*), count(DISTINCT "user")
            FROM {lines} WHERE asked_at IS NOT NULL GROUP BY ALL"""
    )
