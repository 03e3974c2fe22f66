"""What new records cost once the others are resolved: some thousands into a warehouse of a million.

Everything that a sync does for identity is measured: from staged rows to customer ids, golden records and statistics,
once libraries are loaded. Closing the file, when what changed goes from the log into it, is told apart. The same rows
resolved all at once say what is right; each step is a process of its own. The resolved warehouse is kept under build/,
and made anew with `--fresh` or when the code of identity is newer.

Usage: incremental.py [--records N] [--late N] [--fresh] [--without-full]
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
from labelled_sets import BUILD, HERE, LabelledSet, generated_set
from measure import cost_of
from rich.console import Console
from rich.table import Table
from scoring import score

from pipelines.column_rules import all_types
from pipelines.refresh import identify
from warehouse import staging
from warehouse.connection import open_warehouse, warehouse_path

FOLDER = BUILD / "incremental"
CODE = HERE.parents[1] / "pipelines" / "identity"
DAY_ONE = datetime(2026, 3, 1, 6, tzinfo=UTC)
HOUSEHOLDS = 0.3
# Records come late whose hash, divided by this, leaves little; so large that shares are met closely.
FINENESS = 1_000_000_007


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--late", type=int, default=10_000, help="about so many of them come later")
    parser.add_argument("--fresh", action="store_true", help="resolve the others anew")
    parser.add_argument("--without-full", action="store_true", help="do not resolve all at once for comparison")
    parser.add_argument("--step", choices=("others", "late", "all"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    labelled = generated_set("crm", options.records, HOUSEHOLDS)
    if options.step:
        _step(options.step, labelled, options.late / options.records)
        return
    others = warehouse_path(_home("others", labelled))
    newest = max(file.stat().st_mtime for file in CODE.rglob("*.*"))
    steps = ["late"] if options.without_full else ["late", "all"]
    if options.fresh or not others.exists() or others.stat().st_mtime < newest:
        steps.insert(0, "others")
    table = Table(title=f"{options.late:,} records more of {options.records:,}, kind crm")
    for heading in ("step", "new records", "wall s", "CPU s", "closing s", "peak MB", "precision", "recall", "F1"):
        table.add_column(heading, justify="left" if heading == "step" else "right")
    for step in steps:
        command = [
            sys.executable,
            __file__,
            "--step",
            step,
            "--records",
            str(options.records),
            "--late",
            str(options.late),
        ]
        peak = cost_of(command, FOLDER / f"{labelled.name}.{step}.log").peak_mb
        taken = json.loads(_report(step, labelled).read_text(encoding="utf-8"))
        clusters = pq.read_table(_clusters(step, labelled))
        found = None if step == "others" else score(pq.read_table(labelled.truth), clusters)
        good = [f"{share:.4f}" for share in (found.precision, found.recall, found.f1)] if found else [""] * 3
        table.add_row(
            step, f"{taken['new_records']:,}", f"{taken['wall_seconds']:.2f}", f"{taken['cpu_seconds']:.2f}",
            f"{taken['closing_seconds']:.2f}", f"{peak:,.0f}", *good,
        )  # fmt: skip
    Console(width=120).print(table)


def _step(step: str, labelled: LabelledSet, share: float) -> None:
    """Resolve in a warehouse of its own what belongs to the step, and write what it took and what came out."""
    _start_up(labelled)
    home = _home(step, labelled)
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    if step == "late":
        shutil.copy(warehouse_path(_home("others", labelled)), warehouse_path(home))
    is_late = f"hash(record_id) % {FINENESS} < {int(share * FINENESS)}"
    chosen = {"others": f"NOT ({is_late})", "late": is_late, "all": "true"}[step]
    with open_warehouse(home) as connection:
        staging.ensure_schema(connection, all_types())
        _stage(connection, labelled, chosen)
        wall, cpu = time.perf_counter(), time.process_time()
        day = timedelta(days=1 if step == "late" else 0)
        resolution = identify(connection, now=DAY_ONE + day, run_id=step)
        taken = {
            "wall_seconds": time.perf_counter() - wall,
            "cpu_seconds": time.process_time() - cpu,
            "new_records": resolution.new_records,
            "is_full": resolution.is_full,
        }
        connection.execute(
            f"COPY (SELECT record_id, customer_id FROM identity.customer_crosswalk) TO '{_clusters(step, labelled)}'"
        )
        wall = time.perf_counter()
    # What was changed goes from the log into the file.
    taken["closing_seconds"] = time.perf_counter() - wall
    _report(step, labelled).write_text(json.dumps(taken), encoding="utf-8")


def _start_up(labelled: LabelledSet) -> None:
    """Load libraries and vocabularies, by resolving a few records in memory."""
    with duckdb.connect() as connection:
        staging.ensure_schema(connection, all_types())
        _stage(connection, labelled, f"hash(record_id) % {FINENESS} < {FINENESS // 5_000}")
        identify(connection, now=DAY_ONE, run_id="start-up")


def _stage(connection: duckdb.DuckDBPyConnection, labelled: LabelledSet, chosen: str) -> None:
    """Put records of the set among the staged accounts, as if a CRM had sent them."""
    connection.execute(
        f"""INSERT INTO staging.accounts BY NAME
            SELECT record_id AS account_id, given_name, family_name, email, phone, street, city, region, postal_code,
                   country, try_cast(date_of_birth AS DATE) AS date_of_birth, 'crm' AS _source_system,
                   record_id AS _key, false AS _is_deleted, TIMESTAMP '2026-01-01' AS _changed_at,
                   hash(record_id) AS _row_hash
            FROM read_parquet('{labelled.records}') WHERE {chosen}"""
    )


def _home(step: str, labelled: LabelledSet) -> Path:
    return FOLDER / f"{labelled.name}.{step}"


def _clusters(step: str, labelled: LabelledSet) -> Path:
    return FOLDER / f"{labelled.name}.{step}.clusters.parquet"


def _report(step: str, labelled: LabelledSet) -> Path:
    return FOLDER / f"{labelled.name}.{step}.json"


if __name__ == "__main__":
    main()
