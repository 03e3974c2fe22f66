"""The door to DuckDB files: where they are in the home folder, and the only code that opens them.

Belongs here: file locations, opening with a wait for the lock, session settings, the DDL of schema ``ops``.
Does not belong here: DDL of staging, quarantine and identity tables, and any query of business data.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb

from pipelines.settings import Home
from warehouse.cast_sql import quoted

LOCK_WAIT_SECONDS = 60.0  # longer than the staging transaction of one batch, shorter than a person's patience
LOCK_POLL_SECONDS = 0.05
# A checkpoint writes what a run changed: once, when the file is closed, and not at every commit as well
# (docs/decisions/0009).
CHECKPOINT_THRESHOLD = "1GB"
# Of tables larger than one of DuckDB's row groups. A checkpoint writes row groups anew that fit into fewer without what
# was deleted, of all tables, also where nothing changed: among a million records that is ten times the rest of it
# (docs/decisions/0015). Most of them fit into fewer from a quarter on only.
ROW_GROUP = 122_880
MOST_DELETED = 0.25

# DuckDB says "busy" in three ways: another process holds the file lock; this process has the file open under
# another name; this process has it open with other settings (read-only against read-write).
_BUSY_SIGNS = ("Could not set lock on file", "Unique file handle conflict", "different configuration")
_LOCK_HOLDER = re.compile(r"held in (?P<program>\S+)(?: \(PID (?P<pid>\d+)\))?")

_OPS_DDL = """
CREATE SCHEMA IF NOT EXISTS ops;
CREATE TABLE IF NOT EXISTS ops.feed_mark (
    feed VARCHAR NOT NULL, source_system VARCHAR NOT NULL, entity VARCHAR NOT NULL,
    owner VARCHAR, description VARCHAR,
    status VARCHAR NOT NULL, status_reason VARCHAR,
    as_of TIMESTAMP, verified_at TIMESTAMP, last_attempt_at TIMESTAMP, last_error VARCHAR,
    last_batch_id VARCHAR, last_loaded_at TIMESTAMP,
    promise_seconds BIGINT, grace_seconds BIGINT, schedule VARCHAR, next_due_at TIMESTAMP,
    held_rows BIGINT, rows_staged BIGINT, is_complete BOOLEAN, contract_version VARCHAR
);
CREATE TABLE IF NOT EXISTS ops.snapshot (
    snapshot_id VARCHAR NOT NULL, snapshot_at TIMESTAMP NOT NULL, contract_versions JSON
);
CREATE TABLE IF NOT EXISTS ops.collected_column (
    feed VARCHAR NOT NULL, source_system VARCHAR NOT NULL, entity VARCHAR NOT NULL, column_name VARCHAR NOT NULL,
    source_column VARCHAR, purpose VARCHAR NOT NULL, pii VARCHAR NOT NULL, readers VARCHAR[] NOT NULL
);
CREATE TABLE IF NOT EXISTS ops.column_query (
    table_name VARCHAR NOT NULL, column_name VARCHAR NOT NULL, asked_on DATE NOT NULL, query_count BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS ops.command_use (
    command VARCHAR NOT NULL, asked_on DATE NOT NULL, use_count BIGINT NOT NULL, user_count BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS ops.running_cost (
    kind VARCHAR NOT NULL, feed VARCHAR, day DATE NOT NULL, times BIGINT NOT NULL, request_count BIGINT,
    byte_count BIGINT, row_count BIGINT, wall_seconds DOUBLE, cpu_seconds DOUBLE, person_seconds DOUBLE
);
"""


class WarehouseBusy(RuntimeError):
    """The file stayed locked for the whole wait. The message names the holder where DuckDB tells it."""


class WarehouseUnreadable(duckdb.Error):
    """DuckDB cannot open the file: it is damaged or none of its own, or this user may not."""


class WarehouseAbsent(FileNotFoundError):
    """A reader asked for a file that nobody has written yet."""


def warehouse_path(home: Path) -> Path:
    """The one file that staging, identity and ops are written to."""
    return Home(home).warehouse


def warehouse_work_path(home: Path) -> Path:
    """Scratch files and spills of whoever writes the warehouse. What lies here when nobody does, a kill has left."""
    return Home(home).work / "warehouse"


def marts_path(home: Path) -> Path:
    """The file dbt builds into. Same stem as the published file, so both open under the same catalog name."""
    return home / "marts" / "customer_360.duckdb"


def published_path(home: Path) -> Path:
    """The file analysts open; replaced as a whole, never written in place."""
    return Home(home).published


def masked_path(home: Path) -> Path:
    """What analysts open who need no names: the published tables without anybody in them."""
    return Home(home).masked


def remove_database(path: Path) -> None:
    """Remove a DuckDB file that nobody has open, and the log that a kill left beside it, where they are."""
    for leftover in (path, wal_of(path)):
        leftover.unlink(missing_ok=True)


def wal_of(path: Path) -> Path:
    """Where DuckDB keeps the write-ahead log of a file that is open for writing, or that a kill left open."""
    return path.with_name(path.name + ".wal")


@contextmanager
def open_warehouse(home: Path, *, wait_seconds: float = LOCK_WAIT_SECONDS) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open warehouse.duckdb for reading and writing; create it when absent; close it on leaving.

    Sorts and joins that need more than memory spill to `warehouse_work_path`.
    Raises WarehouseBusy when the file is still locked after ``wait_seconds``.
    """
    spill = warehouse_work_path(home)
    spill.mkdir(parents=True, exist_ok=True)
    settings = {"temp_directory": str(spill), "checkpoint_threshold": CHECKPOINT_THRESHOLD}
    with closing(_connect(warehouse_path(home), settings=settings, wait_seconds=wait_seconds)) as connection:
        yield connection
        if _has_little_to_reclaim(connection):
            connection.execute("SET GLOBAL max_vacuum_tasks = 0")


@contextmanager
def open_reader(path: Path, *, wait_seconds: float = LOCK_WAIT_SECONDS) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open one DuckDB file read-only, in UTC; close it on leaving.

    Raises WarehouseAbsent when there is no such file, WarehouseBusy when a writer holds it for ``wait_seconds``.
    """
    if not path.is_file():
        raise WarehouseAbsent(f"{path}: no such DuckDB file. Run a refresh to build it.")
    with closing(_connect(path, is_reader=True, wait_seconds=wait_seconds)) as connection:
        yield connection


@contextmanager
def open_marts(home: Path, *, wait_seconds: float) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the file that dbt has built, for reading and writing, in UTC; close it on leaving.

    Raises WarehouseBusy when it is still locked after ``wait_seconds``.
    """
    with closing(_connect(marts_path(home), wait_seconds=wait_seconds)) as connection:
        yield connection


@contextmanager
def open_scratch(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the scratch file of one batch for reading and writing, in UTC; create it when absent; close it on leaving.

    Raises WarehouseBusy when another process holds it for LOCK_WAIT_SECONDS.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(_connect(path, wait_seconds=LOCK_WAIT_SECONDS)) as connection:
        yield connection


def ensure_ops_schema(connection: duckdb.DuckDBPyConnection) -> None:
    """Create what is absent of ops: feed_mark (one row a feed), snapshot (one row), collected_column (one row a column
    of a contract), column_query (one row a published table, column and day; column ``*`` where all were taken),
    command_use (one row a command and day), running_cost (one row per feed and day of syncs, one per day of reviews).
    """
    connection.execute(_OPS_DDL)


def _has_little_to_reclaim(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether there are large tables, and none of them holds many deleted rows."""
    stored = connection.execute(
        """SELECT schema_name, table_name, estimated_size FROM duckdb_tables()
           WHERE database_name = current_database() AND estimated_size > ?""",
        [ROW_GROUP],
    ).fetchall()
    if not stored:
        return False
    alive = ", ".join(f"(SELECT count(*) FROM {quoted(schema)}.{quoted(table)})" for schema, table, _ in stored)
    counts = connection.execute(f"SELECT {alive}").fetchall()[0]
    return all(count >= (1 - MOST_DELETED) * size for count, (_, _, size) in zip(counts, stored, strict=True))


def _connect(
    path: Path, *, wait_seconds: float, is_reader: bool = False, settings: Mapping[str, str] | None = None
) -> duckdb.DuckDBPyConnection:
    give_up_at = time.monotonic() + wait_seconds
    while True:
        try:
            connection = duckdb.connect(str(path), read_only=is_reader, config=dict(settings or {}))
        except duckdb.Error as error:
            if not any(sign in str(error) for sign in _BUSY_SIGNS):
                fact = f"{path}: DuckDB cannot open it ({str(error).splitlines()[0]})"
                step = "if it is damaged, restore the home folder from one backup, not its files from several"
                raise WarehouseUnreadable(f"{fact}. See that this user may use it; {step}.") from error
            if time.monotonic() >= give_up_at:
                raise WarehouseBusy(_busy_message(path, str(error), wait_seconds)) from error
            time.sleep(LOCK_POLL_SECONDS)
        else:
            # Global, so that cursors made from this connection read and write UTC too.
            connection.execute("SET GLOBAL TimeZone = 'UTC'")
            return connection


def _busy_message(path: Path, error: str, wait_seconds: float) -> str:
    holder = _LOCK_HOLDER.search(error)
    if holder is None:
        who = "this process holds it open in another connection"
        step = "Close that connection first"
    else:
        pid = holder["pid"]
        who = f"{holder['program']} holds it" + (f" (process {pid})" if pid else "")
        step = f"Wait for process {pid} to end, or stop it" if pid else "Wait for that program to end, or stop it"
    return f"{path}: still locked after {wait_seconds:g} s; {who}. {step}, then run the command again."
