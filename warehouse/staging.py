"""One batch goes into staging and quarantine in one transaction, forward only, and every row is accounted for.

Belongs here: the tables of schema `staging`, and applying a cast and judged batch to them. Does not belong here:
casting (`casting.py`), judging (expectations), and the parts that have a file of their own: which version stands
(`merging.py`), rows that are gone (`absence.py`), rows that are put aside (`holding.py`, `quarantine.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from warehouse import absence, holding, merging, quarantine
from warehouse.absence import delete_absent, find_absent
from warehouse.batch import Batch
from warehouse.cast_sql import literal, quoted
from warehouse.counting import number, parquet_rows
from warehouse.moments import utc

META_COLUMNS = {
    "_feed": "VARCHAR",
    "_source_system": "VARCHAR",
    "_key": "VARCHAR",
    "_row_hash": "UBIGINT",
    "_batch_id": "VARCHAR",
    "_batch_seq": "BIGINT",
    "_changed_at": "TIMESTAMP",
    "_landed_at": "TIMESTAMP",
    "_staged_at": "TIMESTAMP",
    "_is_deleted": "BOOLEAN",
    "_deleted_at": "TIMESTAMP",
}

_APPLIED_BATCH = """
CREATE SCHEMA IF NOT EXISTS staging;
CREATE TABLE IF NOT EXISTS staging.applied_batch (
    batch_id VARCHAR PRIMARY KEY, feed VARCHAR, entity VARCHAR, batch_seq BIGINT, applied_at TIMESTAMP,
    rows_in BIGINT, rows_new BIGINT, rows_changed BIGINT, rows_unchanged BIGINT, rows_quarantined BIGINT,
    rows_duplicate BIGINT, rows_refused BIGINT, rows_deleted BIGINT, rows_delete_withheld BIGINT,
    rows_reused BIGINT, rows_restamped BIGINT, rows_shifted BIGINT, shift_seconds BIGINT, new_ages BIGINT[]
);
ALTER TABLE staging.applied_batch ADD COLUMN IF NOT EXISTS new_ages BIGINT[];
CREATE TABLE IF NOT EXISTS staging.confirmed_row (
    entity VARCHAR, source_system VARCHAR, _key VARCHAR, batch_seq BIGINT
);
"""


class SchemaConflict(ValueError):
    """A staged column has another type than the entity declares: names table, column, both types and the next step."""


class ConservationBroken(RuntimeError):
    """The rows of a batch do not add up. Nothing of the batch is applied."""


@dataclass(frozen=True)
class Tally:
    """Where the rows of one batch went. rows_in is the sum of new to refused.

    `rows_deleted` counts rows that became deleted, by tombstone or by absence; `rows_delete_withheld` those that are
    absent from a full delivery but not deleted, because unreadable rows of the delivery may be the missing ones.
    `rows_reused` are changed rows with another value in an immutable column: their key names another thing than before.
    `rows_restamped` are changed rows in which nothing but the time of change is another. `rows_shifted` are changed
    rows in which an immutable time moved by `shift_seconds`, the most common of such steps. `new_ages` are rows of keys
    that were never here, by age; see `merging.new_ages`.
    """

    rows_in: int
    rows_new: int
    rows_changed: int
    rows_unchanged: int
    rows_quarantined: int
    rows_duplicate: int
    rows_refused: int
    rows_deleted: int
    rows_delete_withheld: int
    rows_reused: int
    rows_restamped: int
    rows_shifted: int
    shift_seconds: int
    new_ages: list[int]


def ensure_schema(connection: duckdb.DuckDBPyConnection, entities: Mapping[str, Mapping[str, str]]) -> None:
    """Create what is absent: a table for every entity (entity → column → DuckDB type), applied batches, quarantine.

    A column that an entity has gained is added to its table and NULL in older rows; one it has lost stays.

    Raises:
        SchemaConflict: a staged column has another type than the entity declares.
    """
    connection.execute(_APPLIED_BATCH)
    quarantine.ensure_schema(connection)
    staged = _staged_types(connection)
    for entity, columns in entities.items():
        wanted, table = {**columns, **META_COLUMNS}, f"staging.{quoted(entity)}"
        if entity not in staged:
            declared = ", ".join(f"{quoted(name)} {kind}" for name, kind in wanted.items())
            connection.execute(f"CREATE TABLE {table} ({declared})")
            continue
        for name, kind in wanted.items():
            found = staged[entity].get(name)
            if found is None:
                connection.execute(f"ALTER TABLE {table} ADD COLUMN {quoted(name)} {kind}")
            elif found != kind.replace(", ", ","):
                raise SchemaConflict(
                    f"staging.{entity}.{name} is {found}, the entity declares {kind}. Give the new type a new "
                    "column, or rebuild the warehouse from landing."
                )


def apply_batch(
    connection: duckdb.DuckDBPyConnection,
    scratch: Path,
    landed: Path,
    batch: Batch,
    failures: pa.Table,
    *,
    now: datetime,
    rejects: Path | None = None,
    is_full: bool = False,
    deletes_absent: bool = False,
    max_shrink: float = 0.5,
    immutable: Sequence[str] = (),
    event_time: str | None = None,
) -> Tally:
    """Stage the good rows of one batch and hold the others, in one transaction; a second time changes nothing.

    `scratch` is what `casting.cast_batch` made of `landed` (Parquet); `failures` has the columns row_number, rule,
    severity, reason: rows that fail a 'stop' rule are held. `rejects` (Parquet: line_number, raw, reason) are lines
    that could not be read. `is_full` says that the delivery holds every row of the source, `deletes_absent` that live
    rows missing from it are gone; more than the share `max_shrink` of them at once is refused. `immutable` names
    columns that never change for a key; a row in which one does is staged and counted. `event_time` names the column
    that says when a row came about.

    Forward only: of two versions the one with the later `_changed_at` stands, or where that is unknown or equal the
    one of the later batch (see `Batch.later_seqs`); of a batch that is current, the batch alone decides. Of several
    versions in one batch the last stands, the others count as duplicates.

    Raises:
        ShrinkRefused, ConservationBroken: nothing was applied.
    """
    stored = applied_tally(connection, batch.batch_id)
    if stored is not None:
        return stored
    with scratch_attached(connection, scratch, failures), _transaction(connection):
        source = merging.Incoming(
            columns=_canonical_columns(connection, batch.entity),
            entity=batch.entity,
            source_system=batch.source_system,
            batch_seq=batch.batch_seq,
            is_full=is_full,
            is_current=batch.is_current,
            latest_full_seq=_latest_seq(connection, batch.feed) if is_full else None,
            deletes_absent=deletes_absent,
            later_seqs=batch.later_seqs,
        )
        holding.find_held(connection, batch.landed_batch_id, is_release=batch.release_of is not None)
        duplicates = merging.choose_versions(connection)
        states = merging.compare(connection, source)
        absent, withheld = 0, 0
        if deletes_absent and not source.is_overtaken:
            absent, withheld = find_absent(connection, batch, rejects=rejects, max_shrink=max_shrink)
        reused = merging.count_reused(connection, source, immutable)
        restamped = merging.count_restamped(connection, source)
        described = {row[:2] for row in connection.execute(f"DESCRIBE staging.{quoted(batch.entity)}").fetchall()}
        times = [name for name in immutable if (name, "TIMESTAMP") in described]
        shifted, shift_seconds = merging.common_shift(connection, source, times)
        ages = merging.new_ages(connection, event_time, batch.landed_at)
        replaced, written = _write(connection, batch, source, now)
        gone = states.newly_deleted + (delete_absent(connection, batch, now) if absent else 0)
        merging.confirm(connection, source)
        held = holding.hold(connection, batch, landed, rejects, now)
        holding.settle(connection, batch, now)
        tally = Tally(
            rows_in=_rows_in(connection, batch, landed, rejects),
            rows_new=written - replaced,
            rows_changed=replaced,
            rows_unchanged=states.unchanged,
            rows_quarantined=held,
            rows_duplicate=duplicates,
            rows_refused=states.refused,
            rows_deleted=gone,
            rows_delete_withheld=withheld,
            rows_reused=reused,
            rows_restamped=restamped,
            rows_shifted=shifted,
            shift_seconds=shift_seconds,
            new_ages=ages,
        )
        _prove(batch, tally)
        connection.execute(
            f"INSERT INTO staging.applied_batch VALUES ({', '.join('?' * (5 + len(fields(Tally))))})",
            [batch.batch_id, batch.feed, batch.entity, batch.batch_seq, utc(now), *astuple(tally)],
        )
    return tally


def applied_tally(connection: duckdb.DuckDBPyConnection, batch_id: str) -> Tally | None:
    """The tally stored when the batch was applied; None when it was not."""
    names = ", ".join(field.name for field in fields(Tally))
    rows = connection.execute(f"SELECT {names} FROM staging.applied_batch WHERE batch_id = ?", [batch_id]).fetchall()
    return Tally(*rows[0]) if rows else None


@contextmanager
def scratch_attached(connection: duckdb.DuckDBPyConnection, scratch: Path, failures: pa.Table) -> Iterator[None]:
    """The scratch file of a cast batch as `scratch`, and its rows that break a rule as `rule_failure`."""
    connection.execute(f"ATTACH {literal(str(scratch))} AS scratch (READ_ONLY)")
    connection.register("rule_failure", failures)
    try:
        yield
    finally:
        connection.unregister("rule_failure")
        connection.execute("DETACH scratch")


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Temporary tables are made inside it, so a rollback takes them away too."""
    connection.execute("BEGIN")
    try:
        yield
        for name in (*holding.TEMPORARY, *merging.TEMPORARY, *absence.TEMPORARY):
            connection.execute(f"DROP TABLE IF EXISTS temp.{name}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _staged_types(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Table → column → type, asked for at once: DuckDB goes through the columns of all tables for each question."""
    found: dict[str, dict[str, str]] = {}
    for table, name, kind in connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE database_name = current_database() "
        "AND schema_name = 'staging' ORDER BY column_index"
    ).fetchall():
        found.setdefault(table, {})[name] = kind
    return found


def _canonical_columns(connection: duckdb.DuckDBPyConnection, entity: str) -> list[str]:
    """The entity's columns as this batch was cast; a column the table has beyond them stays NULL."""
    try:
        staged = {row[0] for row in connection.execute(f"DESCRIBE staging.{quoted(entity)}").fetchall()}
    except duckdb.CatalogException as error:
        raise SchemaConflict(
            f"there is no table staging.{entity}. Run ensure_schema with every entity first."
        ) from error
    cast = connection.execute("DESCRIBE scratch.batch").fetchall()
    names = [str(row[0]) for row in cast]
    return [name for name in names if name in staged and name not in META_COLUMNS]


def _latest_seq(connection: duckdb.DuckDBPyConnection, feed: str) -> int | None:
    sql = "SELECT max(batch_seq) FROM staging.applied_batch WHERE feed = ?"
    ((latest,),) = connection.execute(sql, [feed]).fetchall()
    return None if latest is None else int(latest)


def _write(
    connection: duckdb.DuckDBPyConnection, batch: Batch, source: merging.Incoming, now: datetime
) -> tuple[int, int]:
    """Replace changed rows and add new ones; the numbers of staged rows taken away and written."""
    table = f"staging.{quoted(batch.entity)}"
    replaced = number(
        connection,
        f"DELETE FROM {table} AS s USING temp.verdict v WHERE v.state = 'changed' AND s._key = v._key "
        "AND s._source_system = ?",
        [batch.source_system],
    )
    meta = {
        "_feed": "$feed",
        "_source_system": "$source_system",
        "_batch_id": "$batch_id",
        "_batch_seq": "$batch_seq",
        "_landed_at": "$landed_at",
        "_staged_at": "$staged_at",
        "_deleted_at": "CASE WHEN r._is_deleted THEN coalesce(r._changed_at, $landed_at) END",
        **{name: f"r.{name}" for name in ("_key", "_row_hash", "_changed_at", "_is_deleted")},
        **{quoted(name): f"r.{quoted(name)}" for name in source.columns},
    }
    written = number(
        connection,
        f"INSERT INTO {table} ({', '.join(meta)}) SELECT {', '.join(meta.values())} "
        f"FROM ({merging.rows_sql(source)}) r JOIN temp.verdict v USING (row_number) "
        "WHERE v.state IN ('new', 'changed')",
        {
            "feed": batch.feed,
            "source_system": batch.source_system,
            "batch_id": batch.landed_batch_id,
            "batch_seq": batch.batch_seq,
            "landed_at": utc(batch.landed_at),
            "staged_at": utc(now),
        },
    )
    return replaced, written


def _rows_in(connection: duckdb.DuckDBPyConnection, batch: Batch, landed: Path, rejects: Path | None) -> int:
    """Counted on the landed files themselves; a release is a choice of their rows."""
    if batch.release_of is not None:
        return number(connection, "SELECT count(*) FROM scratch.batch")
    return parquet_rows(connection, landed) + parquet_rows(connection, rejects)


def _prove(batch: Batch, tally: Tally) -> None:
    parts = {
        "new": tally.rows_new,
        "changed": tally.rows_changed,
        "unchanged": tally.rows_unchanged,
        "quarantined": tally.rows_quarantined,
        "duplicate": tally.rows_duplicate,
        "refused": tally.rows_refused,
    }
    if sum(parts.values()) != tally.rows_in:
        listed = " + ".join(f"{count} {name}" for name, count in parts.items())
        raise ConservationBroken(
            f"{batch.feed}: batch {batch.batch_id} landed {tally.rows_in} rows, but {listed} = {sum(parts.values())}. "
            "Nothing was applied. Keep the landing folder and report this: it is a defect of the pipeline."
        )
