"""A sample company with its services running, and homes that whole `c360` commands work on at a fixed time."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from connectors.landing import INCOMING
from sample_company import company
from sample_company.server import serve

# Long past, so that the clocks of the company's HTTP services, which are real, never lie before its data.
START = date(2024, 5, 13)
DAY_ONE = datetime(2024, 5, 14, 6, tzinfo=UTC)
DAY_TWO = datetime(2024, 5, 14, 18, tzinfo=UTC)
COMMAND = [str(Path(sys.executable).parent / "c360")]


class Rehearsal:
    """The company, and one home folder that is set up anew for every try."""

    def __init__(self, folder: Path, customers: int) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        self.folder, self.sample, self.home = folder, folder / "company", folder / "home"
        self.passing = folder.resolve() / "passing"
        company.create(self.sample, customers=customers, seed=11, start=START)
        self.server = serve(self.sample, port=0, refuse_every=0).start()
        pairs = company.connections(self.sample, self.server.url)
        self._connections = "".join(f"{name}={value}\n" for name, value in pairs.items())

    def advance(self) -> None:
        """A day goes by."""
        company.advance(self.sample, until=DAY_TWO)

    def reset(self, kept: str | None = None) -> None:
        """Make the home empty, or what `keep` kept. dbt's cache stays: it depends on the code alone."""
        for part in self.home.iterdir() if self.home.exists() else ():
            if part.name != "dbt":
                shutil.rmtree(part) if part.is_dir() else part.unlink()
        self.home.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.passing, ignore_errors=True)
        if kept:
            shutil.copytree(self.folder / kept, self.home, dirs_exist_ok=True)
        (self.home / ".env").write_text(self._connections, encoding="utf-8")

    def keep(self, name: str) -> None:
        """Keep the home as it is, for `reset`."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        shutil.copytree(self.home, self.folder / name, ignore=shutil.ignore_patterns("dbt"))

    def command(self, *arguments: str, now: datetime | None) -> list[str]:
        """The command line of `c360` on this home at a moment; None is the computer's own time."""
        moment = ["--now", now.isoformat()] if now else []
        return [*COMMAND, "--home", str(self.home), *moment, *arguments]

    def run(self, *arguments: str, now: datetime | None) -> subprocess.CompletedProcess[str]:
        """Run `c360` to its end."""
        return subprocess.run(
            self.command(*arguments, now=now), capture_output=True, text=True, check=False, env=self.environment()
        )

    def environment(self) -> dict[str, str]:
        """The environment of commands, in which files for the time being have a place that is looked into."""
        self.passing.mkdir(exist_ok=True)
        return os.environ | {"TMPDIR": str(self.passing)}

    def published(self) -> dict[str, list[str]]:
        """Table → its rows in a fixed order, of all tables that readers see but what work cost: a rerun costs more."""
        with duckdb.connect(str(self.home / "customer_360.duckdb"), read_only=True) as connection:
            names = connection.execute(
                "SELECT schema_name || '.' || table_name AS name FROM duckdb_tables() "
                "WHERE NOT internal AND name <> 'ops.running_cost' ORDER BY 1"
            ).fetchall()
            return {
                name: sorted(repr(row) for row in connection.execute(f"SELECT * FROM {name}").fetchall())
                for (name,) in names
            }

    def batches(self) -> dict[str, list[str]]:
        """The batches of each feed and what became of their rows, as the ledger holds them."""
        connection = sqlite3.connect(f"file:{self.home / 'ledger.db'}?mode=ro", uri=True)
        try:
            found = connection.execute(
                """SELECT b.feed, b.batch_seq, b.label, b.state, b.row_count, b.reject_count, t.rows_in, t.rows_new,
                          t.rows_changed, t.rows_unchanged, t.rows_quarantined, t.rows_duplicate, t.rows_refused
                   FROM feed_batch AS b LEFT JOIN stage_tally AS t USING (batch_id) ORDER BY b.feed, b.batch_seq"""
            ).fetchall()
        finally:
            connection.close()
        return {"the ledger's batches": [repr(row) for row in found]}

    def left_behind(self) -> dict[str, list[str]]:
        """Leases that are still held, and files for the time being that are still there, in the home or outside."""
        connection = sqlite3.connect(f"file:{self.home / 'ledger.db'}?mode=ro", uri=True)
        try:
            held = connection.execute("SELECT resource FROM lease WHERE holder IS NOT NULL ORDER BY 1").fetchall()
        finally:
            connection.close()
        unfinished = [*self.home.glob(f"landing/*/*/{INCOMING}"), *self.home.glob("masked/.*")]
        places = [self.passing, self.home / "work", self.home / "marts", *unfinished]
        files = sorted(str(path) for place in places for path in place.rglob("*") if path.is_file())
        return {"leases held": [resource for (resource,) in held], "files left behind": files}

    def staged(self) -> dict[str, list[str]]:
        """What is held, whichever batches brought it: rows, quarantine, and which records are one person."""
        questions = {
            "quarantine": "SELECT feed, _key, list_sort(rules), payload, status FROM quarantine.held_row",
            "people": "SELECT list_sort(list(source_system || entity || record_id)) FROM people GROUP BY customer_id",
        }
        with duckdb.connect(str(self.home / "warehouse.duckdb"), read_only=True) as connection:
            connection.execute(f"ATTACH '{self.home / 'customer_360.duckdb'}' AS published (READ_ONLY)")
            connection.execute("CREATE TEMP VIEW people AS FROM published.identity.customer_crosswalk")
            for (entity,) in connection.execute(
                "SELECT table_name FROM duckdb_columns() WHERE schema_name = 'staging' AND column_name = '_row_hash'"
            ).fetchall():
                questions[entity] = f'SELECT _feed, _key, _row_hash, _is_deleted FROM staging."{entity}"'
            return {
                name: sorted(repr(row) for row in connection.execute(query).fetchall())
                for name, query in questions.items()
            }
