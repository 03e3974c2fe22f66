"""Open the ledger: SQLite in WAL mode, one short transaction a fact."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Self

from pipelines.settings import Home
from pipelines.trouble import NothingThere, Trouble

# Of what a former version would misread; a table or a column more is no reason for another.
SCHEMA_VERSION = 1
BUSY_TIMEOUT_SECONDS = 60.0  # writers hold the file for milliseconds; a minute means that something is wrong
WAL_RETRY_SECONDS = 0.02
SCHEMA_FOLDER = Path(__file__).parent / "schema"
# Columns that tables of former versions lack: each comes last in its table, and may be missing in any row.
_COST_OF_RUNS = ("requests", "byte_count", "wall_ms", "cpu_ms")
ADDED = {
    "feed_run": [f"{name} INTEGER" for name in _COST_OF_RUNS],
    "feed_day": [f"{name} INTEGER NOT NULL DEFAULT 0" for name in ("rows_read", *_COST_OF_RUNS)],
    "feed_count": ["trouble TEXT"],
}
TABLE_NAME = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+)")


# What only the ledger knows is lost with it.
RESTORE_LEDGER = (
    "Restore the home folder from one backup. Without one, c360 sync makes a ledger from what was landed, which knows "
    "of no alert, no accepted source, no erasure and no former pseudonym."
)


class LedgerNewer(Trouble):
    """The ledger was written by a later version, whose facts this one may misread."""

    def __init__(self, path: Path, version: int) -> None:
        fact = f"a later version wrote this ledger (schema {version}; this version knows {SCHEMA_VERSION})"
        super().__init__(str(path), fact, "Use that version, or name another home with --home.")


class LedgerLost(Trouble):
    """The ledger of a home is gone while its warehouse is there."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), "the ledger is gone, although there is a warehouse beside it", RESTORE_LEDGER)


def existing_ledger(path: Path) -> Ledger:
    """The ledger of a home where something was synced before: for all who ask what is there, or decide on it.

    Raises:
        NothingThere: there is none. Neither it nor its folder is made.
        LedgerLost: there is none, and something was synced here.
        LedgerNewer: a later version wrote it.
    """
    if not path.is_file():
        if Home(path.parent).warehouse.exists():
            raise LedgerLost(path)
        raise NothingThere(path, "there is no ledger, so nothing was ever synced here")
    return Ledger(path)


class Ledger:
    """A connection to the ledger, which is made where there is none, as for a first sync. Make one per thread.

    Where this user may not write, it is opened for reading alone.

    Raises:
        LedgerNewer: a later version wrote it.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            raise type(error)(f"{path}: {error}") from error

    def _open(self) -> None:
        path = self.path
        self._is_reader = path.exists() and not _may_write(path)
        name = _name_for_reading(path) if self._is_reader else path
        self._connection = sqlite3.connect(
            name, uri=self._is_reader, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None
        )
        self._connection.row_factory = sqlite3.Row
        version = self._version()
        if self._is_reader:
            return
        # FULL, as a commit here is what makes a batch count: it must survive a power cut.
        self._connection.execute("PRAGMA synchronous=FULL")
        if self._wal_mode() != "wal":
            raise OSError(f"{path}: SQLite refuses WAL mode here. Put the home folder on a local disk.")
        schema, declared = _schema()
        there = {name for (name,) in self._connection.execute("SELECT name FROM sqlite_master")}
        # Only where something is missing, as in a ledger of a former version: the script waits for its turn to write.
        # In one transaction, since each goes to the disk and waits for it.
        if version < SCHEMA_VERSION or not declared <= there:
            self._connection.executescript(f"BEGIN IMMEDIATE; {schema} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
        for table in ADDED:
            if self._lacking(table):
                with self.transaction() as connection:
                    for column in self._lacking(table):
                        connection.execute(f"ALTER TABLE {table} ADD COLUMN {column}")

    def _version(self) -> int:
        """The version of the schema. Raises LedgerNewer when it is a later one."""
        ((version,),) = self.tuples("PRAGMA user_version")
        if version > SCHEMA_VERSION:
            self.close()
            raise LedgerNewer(self.path, version)
        return int(version)

    def _lacking(self, table: str) -> list[str]:
        """Columns of ADDED that a ledger of a former version does not have yet."""
        there = {name for (name,) in self._connection.execute("SELECT name FROM pragma_table_info(?)", (table,))}
        return [column for column in ADDED[table] if column.partition(" ")[0] not in there]

    def _wal_mode(self) -> str:
        """Turn a new file to WAL. SQLite refuses others meanwhile, however patient they are; so this tries again."""
        give_up_at = time.monotonic() + BUSY_TIMEOUT_SECONDS
        while True:
            try:
                return str(self._connection.execute("PRAGMA journal_mode=WAL").fetchone()[0])
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() >= give_up_at:
                    raise
                time.sleep(WAL_RETRY_SECONDS)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One atomic change: nobody else writes between its first read and its end."""
        self._require_writer()
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """All rows of a query."""
        return self._connection.execute(sql, values).fetchall()

    def tuples(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """All rows of a query as plain tuples: of tens of thousands, rows that know their names cost as much again."""
        cursor = self._connection.cursor()
        cursor.row_factory = None
        return cursor.execute(sql, values).fetchall()

    def row(self, sql: str, *values: object) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        row: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
        return row

    def write(self, sql: str, *values: object) -> None:
        """One statement in a transaction of its own."""
        self._require_writer()
        self._connection.execute(sql, values)

    def _require_writer(self) -> None:
        if self._is_reader:
            raise sqlite3.OperationalError(f"{self.path}: this user may only read it")

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _may_write(path: Path) -> bool:
    """Whether this user may write the file, and beside it what SQLite keeps there."""
    return all(os.access(one, os.W_OK, effective_ids=True) for one in (path, path.parent))


def _name_for_reading(path: Path) -> str:
    """What SQLite opens without writing. Where no log lies beside the file, all of it is in the file itself."""
    has_log = any(path.with_name(path.name + end).exists() for end in ("-wal", "-shm"))
    return f"{path.absolute().as_uri()}?mode=ro{'' if has_log else '&immutable=1'}"


@cache
def _schema() -> tuple[str, frozenset[str]]:
    """The script that makes what is absent, and the tables that it makes."""
    script = "".join(path.read_text(encoding="utf-8") for path in sorted(SCHEMA_FOLDER.glob("*.sql")))
    return script, frozenset(TABLE_NAME.findall(script))


def stamp(moment: datetime) -> str:
    """A moment as the ledger writes it: UTC, sortable as text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str | None) -> datetime | None:
    """The reverse of `stamp`."""
    return None if text is None else datetime.fromisoformat(text)
