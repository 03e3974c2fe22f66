"""The way of the marts to their readers: audit the built file, then swap it in as a whole.

Belongs here: the last check before readers see anything, and the atomic replace. Does not belong here: building the
marts (``models.py``) and deciding when to publish.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from pipelines.durability import fsync
from warehouse.connection import marts_path, open_reader, published_path, wal_of, warehouse_path
from warehouse.counting import number
from warehouse.declared import MartTable, mart_tables
from warehouse.published_macros import published_macros

ALLOWED_SHRINK = 0.10  # share of a table's rows; a day's deletions and merges stay far below, a lost feed far above
ALLOWED_SHRINK_ROWS = 10  # in tiny tables a few deleted rows are more than a tenth

# Facts hold exactly the live rows of one staged entity each.
_STAGED_BY_FACT = {
    "fct_order": "orders",
    "fct_order_line": "order_lines",
    "fct_payment": "payments",
    "fct_shipment": "shipments",
    "fct_ticket": "tickets",
    "fct_campaign_touch": "campaign_responses",
    "fct_web_registration": "web_registrations",
    "dim_employee": "employees",
}
_CUSTOMERS = "main.dim_customer"
_WATCHED_FOR_SHRINK = (_CUSTOMERS, "main.interaction", *(f"main.{fact}" for fact in _STAGED_BY_FACT))


class PublishRefused(RuntimeError):
    """The built marts are not fit for readers. ``reasons`` says why, one sentence each; the former file stays."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        self.reasons = reasons
        super().__init__(
            "Not published: " + " ".join(reasons) + " Readers keep the former snapshot; correct this and refresh again."
        )


@dataclass(frozen=True)
class AuditReport:
    """What the audit found in the built file. No problems means it may be published."""

    snapshot_id: str | None
    snapshot_at: datetime | None
    row_counts: Mapping[str, int]
    problems: tuple[str, ...]
    audited_bytes: int
    audited_mtime_ns: int

    @property
    def passed(self) -> bool:
        """True when nothing speaks against publishing."""
        return not self.problems


@dataclass(frozen=True)
class Published:
    """What readers see from now on."""

    path: Path
    snapshot_id: str
    snapshot_at: datetime
    byte_count: int
    row_counts: Mapping[str, int]


def audit(home: Path, *, allowed_shrink: float = ALLOWED_SHRINK, merged_customers: int = 0) -> AuditReport:
    """Check the built marts against what was declared, against staging, and against what is published now.

    That keys are unique is tested by the build, in the file that is audited, and not counted again.
    ``allowed_shrink`` is the share of rows a table may lose against the published snapshot; 1.0 accepts any loss,
    for a deliberate purge. ``merged_customers`` were let go on purpose since then, because they are others, and are no
    loss. A first publish has nothing to shrink from. Problems are collected, not raised; a missing
    marts file or warehouse raises WarehouseAbsent.
    """
    built = marts_path(home)
    with open_reader(built) as marts:
        present = _present(marts)
        counts = {table.qualified: _count(marts, table) for table in mart_tables() if table.qualified in present}
        problems = _undeclared_or_missing(present)
        problems += _missing_macros(marts)
        problems += _uncommented(marts, present)
        snapshot_id, snapshot_at, snapshot_problems = _snapshot(marts, present, counts)
        problems += snapshot_problems
    problems += _unlike_staging(home, counts)
    problems += _shrunk_or_older(home, counts, snapshot_at, allowed_shrink, merged_customers)
    if wal_of(built).exists():
        problems.append(f"{built.name} still has a write-ahead log: a writer has not finished.")
    state = built.stat()
    return AuditReport(snapshot_id, snapshot_at, counts, tuple(problems), state.st_size, state.st_mtime_ns)


def publish(home: Path, report: AuditReport) -> Published:
    """Move the audited marts to the readers' place; the next build begins with none.

    Whoever has the former file open keeps reading it; whoever opens the path gets either the former or the new file,
    whole. Nothing is copied, so that readers do not wait for a disk that is busy with it. Raises PublishRefused when
    the audit found problems or the marts changed after it.
    """
    if not report.passed or report.snapshot_id is None or report.snapshot_at is None:
        raise PublishRefused(report.problems or ("The built marts name no snapshot.",))
    built, target = marts_path(home), published_path(home)
    state = built.stat()
    if (state.st_size, state.st_mtime_ns) != (report.audited_bytes, report.audited_mtime_ns):
        raise PublishRefused((f"{built} changed after the audit.",))
    put_in_place(built, target)
    return Published(target, report.snapshot_id, report.snapshot_at, report.audited_bytes, report.row_counts)


def put_in_place(written: Path, target: Path) -> None:
    """Give readers a finished file in place of the former one, in one step that survives a power cut."""
    fsync(written)
    # A log left by someone who opened the former file for writing must never be replayed into the new one.
    wal_of(target).unlink(missing_ok=True)
    os.replace(written, target)  # noqa: PTH105  the atomic step, named as the system call it is
    fsync(target.parent)


def _present(marts: duckdb.DuckDBPyConnection) -> set[str]:
    rows = marts.execute(
        "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE NOT internal "
        "UNION ALL SELECT schema_name || '.' || view_name FROM duckdb_views() WHERE NOT internal"
    ).fetchall()
    return {name for (name,) in rows}


def _count(marts: duckdb.DuckDBPyConnection, table: MartTable) -> int:
    return number(marts, f"SELECT count(*) FROM {table.place}")


def _undeclared_or_missing(present: set[str]) -> list[str]:
    declared = {table.qualified for table in mart_tables()}
    missing = [f"{name} is missing." for name in sorted(declared - present)]
    return missing + [f"{name} is declared in no model file." for name in sorted(present - declared)]


def _missing_macros(marts: duckdb.DuckDBPyConnection) -> list[str]:
    created = marts.execute("SELECT function_name FROM duckdb_functions() WHERE NOT internal").fetchall()
    return [f"Macro {macro.name} is missing." for macro in published_macros() if (macro.name,) not in created]


def _uncommented(marts: duckdb.DuckDBPyConnection, present: set[str]) -> list[str]:
    bare = marts.execute(
        "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE NOT internal AND comment IS NULL "
        "UNION ALL SELECT schema_name || '.' || view_name FROM duckdb_views() WHERE NOT internal AND comment IS NULL "
        "UNION ALL SELECT schema_name || '.' || table_name || '.' || column_name FROM duckdb_columns() "
        "WHERE NOT internal AND comment IS NULL ORDER BY 1"
    ).fetchall()
    declared = {table.qualified for table in mart_tables()}
    return [
        f"{name} has no comment."
        for (name,) in bare
        if name in declared & present or name.rpartition(".")[0] in declared & present
    ]


def _snapshot(
    marts: duckdb.DuckDBPyConnection, present: set[str], counts: Mapping[str, int]
) -> tuple[str | None, datetime | None, list[str]]:
    if not {"ops.snapshot", "main.customer_360", "main.dim_customer"} <= present:
        return None, None, []
    snapshots = marts.execute("SELECT snapshot_id, snapshot_at FROM ops.snapshot").fetchall()
    if len(snapshots) != 1:
        return None, None, [f"ops.snapshot has {len(snapshots)} rows instead of one."]
    snapshot_id, snapshot_at = snapshots[0]
    problems = []
    strangers = marts.execute(
        "SELECT count(*) FROM main.customer_360 WHERE snapshot_id IS DISTINCT FROM ?", [snapshot_id]
    ).fetchone()
    if strangers is not None and strangers[0]:
        problems.append(f"main.customer_360: {strangers[0]} rows are not of snapshot {snapshot_id}.")
    rows, customers = counts["main.customer_360"], counts["main.dim_customer"]
    if rows != customers:
        problems.append(f"main.customer_360 has {rows} rows for {customers} customers.")
    return snapshot_id, snapshot_at, problems


def _unlike_staging(home: Path, counts: Mapping[str, int]) -> list[str]:
    problems = []
    with open_reader(warehouse_path(home)) as warehouse:
        for fact, entity in _STAGED_BY_FACT.items():
            built = counts.get(f"main.{fact}")
            staged = number(warehouse, f'SELECT count(*) FROM staging."{entity}" WHERE NOT _is_deleted')
            if built is not None and built != staged:
                problems.append(f"main.{fact} has {built} rows; staging.{entity} has {staged} live rows.")
        customers = number(warehouse, "SELECT count(*) FROM identity.golden_customers")
        if counts.get("main.dim_customer", customers) != customers:
            problems.append(
                f"main.dim_customer has {counts['main.dim_customer']} rows; identity knows {customers} customers."
            )
    return problems


def _shrunk_or_older(
    home: Path,
    counts: Mapping[str, int],
    snapshot_at: datetime | None,
    allowed_shrink: float,
    merged_customers: int,
) -> list[str]:
    target = published_path(home)
    if not target.is_file():
        return []
    problems = []
    with open_reader(target) as published:
        present = _present(published)
        row = published.execute("SELECT max(snapshot_at) FROM ops.snapshot").fetchone()
        before_at = row[0] if row else None
        if snapshot_at is not None and before_at is not None and snapshot_at < before_at:
            problems.append(f"The built snapshot is of {snapshot_at}, older than the published one of {before_at}.")
        for name in _WATCHED_FOR_SHRINK:
            if name not in present or name not in counts:
                continue
            before, after = number(published, f"SELECT count(*) FROM {name}"), counts[name]
            lost = before - after - (merged_customers if name == _CUSTOMERS else 0)
            emptied = before > 0 and after == 0 and allowed_shrink < 1.0
            if emptied or (lost > ALLOWED_SHRINK_ROWS and lost > before * allowed_shrink):
                problems.append(
                    f"{name} shrank from {before} to {after} rows; at most {allowed_shrink:.0%} may go in one publish."
                )
    return problems
