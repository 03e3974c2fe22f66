"""The SQLite file behind the systems that are not the shop: helpdesk and mailer, which the server shows over HTTP.

One table per resource with the resource's own fields; `generated_timestamp` (epoch seconds) is what the helpdesk's
incremental export runs on. Times are ISO text in UTC with Z.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from sample_company.columns import written

TABLES: dict[str, str] = {
    "users": """id INTEGER PRIMARY KEY, name TEXT, email TEXT, phone TEXT, organization TEXT, verified INTEGER,
        role TEXT, suspended INTEGER, external_id TEXT, created_at TEXT, updated_at TEXT,
        generated_timestamp INTEGER""",
    "tickets": """id INTEGER PRIMARY KEY, requester_id INTEGER, requester_name TEXT, requester_email TEXT,
        requester_phone TEXT, assignee_id INTEGER, assignee_external_id TEXT, status TEXT, priority TEXT, type TEXT,
        subject TEXT, description TEXT, channel TEXT, tags TEXT, topic TEXT, order_no TEXT, score TEXT, created_at TEXT,
        updated_at TEXT, first_reply_at TEXT, solved_at TEXT, generated_timestamp INTEGER""",
    "comments": """id INTEGER PRIMARY KEY, ticket_id INTEGER, author_id INTEGER, author_external_id TEXT,
        requester_id INTEGER, author_role TEXT, public INTEGER, body TEXT, channel TEXT, created_at TEXT,
        generated_timestamp INTEGER""",
    "campaigns": "id TEXT PRIMARY KEY, title TEXT, subject_line TEXT, send_time TEXT, emails_sent INTEGER",
    "activity": """id TEXT PRIMARY KEY, campaign_id TEXT, campaign_title TEXT, email_address TEXT, member_name TEXT,
        action TEXT, is_machine INTEGER, timestamp TEXT, ip TEXT, client TEXT""",
}
_EXPORT_ORDER = "generated_timestamp, id"
_CURSORS = {"users": _EXPORT_ORDER, "tickets": _EXPORT_ORDER, "comments": _EXPORT_ORDER, "activity": "timestamp, id"}
_ROWS_AT_ONCE = 50_000
ISO = "%Y-%m-%dT%H:%M:%SZ"


def columns_of(table: str) -> list[str]:
    """Column names of a resource in order."""
    return [part.split()[0] for part in TABLES[table].split(",")]


@contextmanager
def open_services(path: Path) -> Iterator[sqlite3.Connection]:
    """The services' database, one transaction; created with empty tables when missing."""
    connection = sqlite3.connect(path, timeout=30.0)
    try:
        # Readers of the server go on while a day is written.
        connection.execute("PRAGMA journal_mode = WAL")
        for name, body in TABLES.items():
            connection.execute(f'CREATE TABLE IF NOT EXISTS "{name}" ({body})')
        for name, order in _CURSORS.items():
            connection.execute(f'CREATE INDEX IF NOT EXISTS "{name}_order" ON "{name}" ({order})')
        with connection:
            yield connection
    finally:
        connection.close()


def _native(column: pa.ChunkedArray) -> list[Any]:
    if pa.types.is_timestamp(column.type):
        column = written(column, ISO)
    elif pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    values: list[Any] = column.to_pylist()
    return values


def put(connection: sqlite3.Connection, name: str, table: pa.Table) -> None:
    """Insert rows, replacing those of the same id."""
    columns = columns_of(name)
    marks = ", ".join("?" for _ in columns)
    for start in range(0, table.num_rows, _ROWS_AT_ONCE):
        part = table.select(columns).slice(start, _ROWS_AT_ONCE)
        connection.executemany(
            f'INSERT OR REPLACE INTO "{name}" VALUES ({marks})', zip(*(_native(part[c]) for c in columns), strict=True)
        )
