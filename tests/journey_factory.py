"""A sample company with its services running, the home that is synced from it, and what was there after each stage.

Sources are read here by plain `sqlite3`, `csv`, `json` and Parquet, never by the code under test.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from pipelines.cli.console import complain
from pipelines.settings import Home
from sample_company import company, truth
from sample_company.server import serve
from tests.command_line import command_line
from warehouse.answer import answer, find_question
from warehouse.connection import open_reader

# Long past, so that the clocks of the company's HTTP services, which are real, never lie before its data.
START = date(2024, 5, 13)
DAY_ONE = datetime(2024, 5, 14, 6, tzinfo=UTC)
DAY_TWO = datetime(2024, 5, 14, 18, tzinfo=UTC)
CUSTOMERS, SEED = 100, 1


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The JSON document on standard output."""
        return json.loads(self.out)


def c360(home: Home, *arguments: str, now: datetime, feeds_folder: Path | None = None) -> Said:
    """Run the command in this process, so that its slow libraries are imported once for all tests."""
    options = ["--home", str(home.root), "--now", now.isoformat()]
    options += ["--feeds", str(feeds_folder)] if feeds_folder else []
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = command_line()([*options, *arguments], standalone_mode=False)
        except Exception as error:
            code = complain(error)
    return Said(code or 0, out.getvalue(), err.getvalue())


@dataclass(frozen=True)
class Stage:
    """Files of the home as they were after a stage, and what the company said of itself then. Read only."""

    home: Home
    said: Said
    counts: dict[str, dict[str, Any]]

    def published(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with open_reader(self.home.published) as connection:
            return connection.execute(sql, values).fetchall()

    def asked(self, question: str, **values: str) -> list[dict[str, Any]]:
        """Rows of the answer to a question, as `c360 ask` gives it."""
        with open_reader(self.home.published) as connection:
            told = answer(connection, find_question(question), values)
        return [dict(zip(told.columns, row, strict=True)) for row in told.rows]

    def warehouse(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with open_reader(self.home.warehouse) as connection:
            return connection.execute(sql, values).fetchall()

    def ledger(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return query_sqlite(self.home.ledger, sql, *values)

    def source(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return query_sqlite(self.home.sample / "shop" / "shop.db", sql, *values)

    def services(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return query_sqlite(self.home.sample / "services.db", sql, *values)


class Company:
    """The company and the home that follows it."""

    def __init__(self, folder: Path, *, customers: int = CUSTOMERS, seed: int = SEED) -> None:
        self.home = Home(folder / "home")
        self.folder = self.home.sample
        self.stages = folder / "stages"
        company.create(self.folder, customers=customers, seed=seed, start=START)
        self.server = serve(self.folder, port=0).start()
        self.port = int(self.server.url.rpartition(":")[2])
        self._connect(self.home)

    def c360(self, *arguments: str, now: datetime, feeds_folder: Path | None = None) -> Said:
        return c360(self.home, *arguments, now=now, feeds_folder=feeds_folder)

    def stage(self, name: str, said: Said) -> Stage:
        """Keep what is there now."""
        kept = Home(self.stages / name)
        kept.root.mkdir(parents=True)
        for path in (self.home.published, self.home.warehouse, self.home.ledger):
            shutil.copy(path, kept.root)
        kept.sample.mkdir()
        for part in ("shop", "carrier", "website", "frontdesk", "postroom", "bureau", "truth"):
            shutil.copytree(self.folder / part, kept.sample / part)
        shutil.copy(self.folder / "services.db", kept.sample)
        return Stage(kept, said, truth.counts(kept.sample))

    def copy(self, folder: Path) -> Home:
        """All of the home as it is now. Its feeds of files read copies; the shop and the services are the same."""
        shutil.copytree(self.home.root, folder)
        copied = Home(folder)
        self._connect(copied)
        return copied

    def restart(self) -> None:
        """Serve again at the address of before."""
        self.server = serve(self.folder, port=self.port, refuse_every=0).start()

    def close(self) -> None:
        self.server.stop()

    def _connect(self, home: Home) -> None:
        pairs = company.connections(home.sample, self.server.url)
        home.connections.write_text("".join(f"{name}={value}\n" for name, value in pairs.items()), encoding="utf-8")


@contextmanager
def running_company(folder: Path, **size: int) -> Iterator[Company]:
    made = Company(folder, **size)
    try:
        yield made
    finally:
        made.close()


def query_sqlite(path: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def rows_at_source(sample: Path, feed: str) -> int:
    """Rows that the source of a feed holds or ever sent, repeated ones counted as often as they were sent."""
    tables = {
        "shop.accounts": "customers",
        "shop.orders": "orders",
        "shop.order_lines": "order_lines",
        "shop.payments": "payments",
        "shop.employees": "employees",
        "helpdesk.users": "users",
        "helpdesk.tickets": "tickets",
        "helpdesk.comments": "comments",
        "mailer.activity": "activity",
    }
    if feed in tables:
        database = sample / "shop" / "shop.db" if feed.startswith("shop.") else sample / "services.db"
        [(count,)] = query_sqlite(database, f"SELECT count(*) FROM {tables[feed]}")
        return int(count)
    if feed == "bureau.profiles":
        return sum(pq.read_metadata(file).num_rows for file in (sample / "bureau").iterdir())
    if feed == "website.registrations":
        return sum(len(file.read_text("utf-8").splitlines()) for file in (sample / "website").iterdir())
    if feed == "frontdesk.notes":
        return sum(_csv_rows(file, "latin-1", ";") - 1 for file in (sample / "frontdesk").iterdir())
    # Files of the carrier and the post room have a header record, a line of column names and a trailer.
    return sum(_csv_rows(file, "utf-8", ",") - 3 for file in (sample / feed.partition(".")[0]).glob("*.csv"))


def _csv_rows(file: Path, encoding: str, delimiter: str) -> int:
    with file.open(encoding=encoding, newline="") as lines:
        return sum(1 for row in csv.reader(lines, delimiter=delimiter) if row)


def one(rows: list[tuple[Any, ...]]) -> Any:
    """The only value of a query's only row."""
    [(value,)] = rows
    return value


def contents(path: Path) -> dict[str, list[str]]:
    """Table → its rows in a fixed order, for every table of a DuckDB file."""
    with open_reader(path) as connection:
        return {name: rows_of(connection, name) for name in tables_of(connection)}


def tables_of(connection: duckdb.DuckDBPyConnection) -> list[str]:
    names = connection.execute(
        "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE NOT internal ORDER BY 1"
    ).fetchall()
    return [name for (name,) in names]


def rows_of(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    return sorted(repr(row) for row in connection.execute(f"SELECT * FROM {table}").fetchall())
