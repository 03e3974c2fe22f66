"""What readers were shown before: schema `history` of warehouse.duckdb, as the marts are built from an empty file.

It learns from the published file alone, when the next refresh begins. So a snapshot that was never published leaves no
history, and whatever is killed, what was published is taken in by the refresh that follows.

Belongs here: keeping and handing back rows. Does not belong here: what a period or a baseline is (``models/past``).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.cast_sql import literal, quoted
from warehouse.connection import open_reader, warehouse_path
from warehouse.declared import MartTable, mart_tables

if TYPE_CHECKING:
    import duckdb

# A week to compare with, and today.
DAYS_KEPT = 8
# DuckDB's TIMESTAMP has no finer step.
_STEP = timedelta(microseconds=1)
_BEGINNING = datetime.fromisoformat("0001-01-01")


def ensure_schema(connection: duckdb.DuckDBPyConnection) -> None:
    """Create what is absent of schema `history`: a table for each one whose past is kept, and their new columns."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS history")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS history.remembered (snapshot_id VARCHAR NOT NULL, snapshot_at TIMESTAMP NOT NULL)"
    )
    for table in _kept():
        columns = ", ".join(f"{quoted(column.name)} {column.data_type}" for column in table.columns)
        connection.execute(f"CREATE TABLE IF NOT EXISTS {_place(table)} ({columns})")
        for column in table.columns:
            connection.execute(
                f"ALTER TABLE {_place(table)} ADD COLUMN IF NOT EXISTS {quoted(column.name)} {column.data_type}"
            )


def remember(connection: duckdb.DuckDBPyConnection, published: Path) -> bool:
    """Take in what the published file tells and history does not know yet, in one transaction; whether there was any.

    Only rows that are new or ended since the last time are written. A published file of before there was history tells
    nothing.
    """
    ensure_schema(connection)
    if not published.is_file():
        return False
    known = next(iter(connection.execute("SELECT snapshot_id, snapshot_at FROM history.remembered").fetchall()), None)
    with open_reader(published) as readers:
        ((snapshot_id, snapshot_at),) = readers.execute("SELECT snapshot_id, snapshot_at FROM ops.snapshot").fetchall()
        if known and known[0] == snapshot_id:
            return False
        connection.begin()
        try:
            for table in _kept():
                _take_in(connection, readers, table, _since(known[1] if known else None, snapshot_at))
            connection.execute("DELETE FROM history.remembered")
            connection.execute("INSERT INTO history.remembered VALUES (?, ?)", [snapshot_id, snapshot_at])
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
    return True


def write_days(marts: duckdb.DuckDBPyConnection, home: Path) -> None:
    """Write each table of days into the built marts: the days kept so far, and the one that was just built.

    Of a day that was built more than once the last build stays; of a month that is over its last day.
    """
    marts.execute(f"ATTACH {literal(str(warehouse_path(home)))} AS warehouse (READ_ONLY)")
    for table in mart_tables():
        if (days := table.of_days) is None:
            continue
        names = ", ".join(quoted(column.name) for column in table.columns)
        marts.execute(
            f"""CREATE OR REPLACE TABLE {days.place} AS
                WITH today AS (SELECT {names} FROM {table.place}),
                every AS (
                  SELECT {names} FROM warehouse.{_place(table)}
                  WHERE as_of_date < (SELECT CAST(snapshot_at AS DATE) FROM ops.snapshot)
                  UNION ALL FROM today),
                day AS (SELECT DISTINCT as_of_date FROM every),
                kept AS (
                  FROM day
                  QUALIFY as_of_date > max(as_of_date) OVER () - {DAYS_KEPT}
                       OR as_of_date = max(as_of_date) OVER (PARTITION BY date_trunc('month', as_of_date)))
                SELECT {names} FROM every SEMI JOIN kept USING (as_of_date)"""
        )
    marts.execute("DETACH warehouse")


def kept_tables(column: str) -> list[str]:
    """Tables of schema `history`, as a query writes them, that have a column."""
    return [_place(table) for table in _kept() if column in {one.name for one in table.columns}]


def _kept() -> list[MartTable]:
    return [table for table in mart_tables() if table.history]


def _place(table: MartTable) -> str:
    return f"history.{quoted(table.name)}"


def _since(remembered_at: datetime | None, snapshot_at: datetime) -> datetime:
    """Rows of after this moment are taken in. Two snapshots of one moment: the later stands for both."""
    if remembered_at is None:
        return _BEGINNING
    return remembered_at if remembered_at < snapshot_at else snapshot_at - _STEP


def _take_in(
    connection: duckdb.DuckDBPyConnection, readers: duckdb.DuckDBPyConnection, table: MartTable, since: datetime
) -> None:
    shown = table.of_days or table
    columns = _columns_shown(readers, shown)
    if not columns:
        return
    if table.of_days:
        condition, values = _new_days(connection, readers, table, shown)
    elif table.history == "valid_from":
        condition, values = _new_periods(connection, readers, table, since)
    else:
        condition, values = _never_told(connection, readers, table)
    names, source = ", ".join(map(quoted, columns)), shown.place
    new = readers.sql(f"SELECT {names} FROM {source} WHERE {condition}", params=values).to_arrow_table()
    connection.register("shown", new)
    connection.execute(f"INSERT INTO {_place(table)} BY NAME FROM shown")
    connection.unregister("shown")


def _new_days(
    connection: duckdb.DuckDBPyConnection, readers: duckdb.DuckDBPyConnection, table: MartTable, shown: MartTable
) -> tuple[str, list[object]]:
    """Let go of days that readers have no more and of the one that was built again; what is new then, in SQL."""
    kept = _days(connection, _place(table))
    today = _days(readers, table.place)
    told = _days(readers, shown.place)
    gone = kept & today | kept - told
    connection.execute(
        f"DELETE FROM {_place(table)} WHERE list_contains(CAST($1 AS DATE[]), as_of_date)", [sorted(gone)]
    )
    return "NOT list_contains(CAST($1 AS DATE[]), as_of_date)", [sorted(kept - gone)]


def _days(connection: duckdb.DuckDBPyConnection, place: str) -> set[date]:
    return {day for (day,) in connection.execute(f"SELECT DISTINCT as_of_date FROM {place}").fetchall()}


def _new_periods(
    connection: duckdb.DuckDBPyConnection, readers: duckdb.DuckDBPyConnection, table: MartTable, since: datetime
) -> tuple[str, list[object]]:
    """Let periods that began since go, and those end that ended since; what is new then, in SQL."""
    place, key = _place(table), quoted(table.columns[0].name)
    connection.execute(f"DELETE FROM {place} WHERE valid_from > $1", [since])
    connection.execute(f"UPDATE {place} SET valid_to = NULL, is_current = true WHERE valid_to > $1", [since])
    ended = readers.sql(
        f"SELECT {key}, valid_from, valid_to FROM {table.place} WHERE valid_to > $1 AND valid_from <= $1",
        params=[since],
    ).to_arrow_table()
    connection.register("ended", ended)
    connection.execute(
        f"""UPDATE {place} AS period SET valid_to = ended.valid_to, is_current = false FROM ended
            WHERE period.{key} = ended.{key} AND period.valid_from = ended.valid_from"""
    )
    connection.unregister("ended")
    return "valid_from > $1", [since]


def _never_told(
    connection: duckdb.DuckDBPyConnection, readers: duckdb.DuckDBPyConnection, table: MartTable
) -> tuple[str, list[object]]:
    """What is new of rows that never change, in SQL: those whose key, the first column, is not known yet."""
    key = quoted(table.columns[0].name)
    readers.register("known", connection.sql(f"SELECT {key} FROM {_place(table)}").to_arrow_table())
    return f"{key} NOT IN (SELECT {key} FROM known)", []


def _columns_shown(readers: duckdb.DuckDBPyConnection, table: MartTable) -> list[str]:
    """Declared columns that the published file has; it may be of a version with fewer, or without the table."""
    found = readers.execute(
        "SELECT column_name FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?", [table.schema, table.name]
    ).fetchall()
    present = {name for (name,) in found}
    return [column.name for column in table.columns if column.name in present]
