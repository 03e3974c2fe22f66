"""The published tables as Parquet, one file each, in a folder that says which snapshot they are of and how old it is.

Belongs here: reading a published file and writing the folder. Does not belong here: who may see names (``masking.py``).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from warehouse.cast_sql import literal
from warehouse.connection import open_reader
from warehouse.declared import MartTable, mart_tables

MANIFEST = "manifest.json"


class ExportRefused(RuntimeError):
    """Nothing was written. The message names the thing, the fact and the next step."""


def export(
    published: Path, folder: Path, *, is_masked: bool, now: datetime, tables: Sequence[str] = ()
) -> dict[str, Any]:
    """Write a published file's tables into a new folder; its manifest. `tables` are names, with or without schema.

    Each file holds the snapshot, the comment of the table and the age of every feed at this moment in its metadata
    (keys ``snapshot_id``, ``snapshot_at``, ``description``, ``sources``). The folder appears as a whole: it is written
    under another name and renamed, so whoever finds it finds all of it.

    Raises:
        ExportRefused: the folder is there already, or a table is not published.
        WarehouseAbsent: nothing is published.
    """
    if folder.exists():
        raise ExportRefused(f"{folder}: it is there already. Name a folder that is not, or remove this one first.")
    chosen = _chosen(tables)
    # Opened before anything is made: where nothing is published, no folder is left.
    with open_reader(published) as connection:
        folder.parent.mkdir(parents=True, exist_ok=True)
        building = folder.with_name(f".{folder.name}.exporting-{os.getpid()}")
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir()
        try:
            manifest = _manifest(connection, is_masked=is_masked, now=now)
            manifest["tables"] = [_write(connection, table, building, manifest) for table in chosen]
            (building / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
            building.rename(folder)
        except BaseException:
            shutil.rmtree(building, ignore_errors=True)
            raise
    return manifest


def _chosen(names: Sequence[str]) -> list[MartTable]:
    known = {table.qualified: table for table in mart_tables()}
    if not names:
        return list(known.values())
    found = []
    for name in dict.fromkeys(names):
        qualified = name if "." in name else f"main.{name}"
        if qualified not in known:
            raise ExportRefused(f"{name}: no such table is published. docs/data-dictionary.md lists them.")
        found.append(known[qualified])
    return found


def _manifest(connection: duckdb.DuckDBPyConnection, *, is_masked: bool, now: datetime) -> dict[str, Any]:
    ((snapshot_id, snapshot_at),) = connection.execute("SELECT snapshot_id, snapshot_at FROM ops.snapshot").fetchall()
    feeds = connection.execute(
        """SELECT feed, entity, status_now, as_of, data_age_seconds, is_complete FROM ops.feed_status ORDER BY feed"""
    ).fetchall()
    return {
        "snapshot_id": snapshot_id,
        "snapshot_at": snapshot_at.isoformat(),
        "exported_at": now.astimezone(UTC).replace(tzinfo=None).isoformat(),
        "is_masked": is_masked,
        "sources": [
            {
                "feed": feed,
                "kind": kind,
                "status": status,
                "as_of": as_of.isoformat() if as_of else None,
                "age_seconds": age,
                "is_complete": is_complete,
            }
            for feed, kind, status, as_of, age, is_complete in feeds
        ],
    }


def _write(
    connection: duckdb.DuckDBPyConnection, table: MartTable, folder: Path, manifest: dict[str, Any]
) -> dict[str, Any]:
    file = folder / f"{table.qualified}.parquet"
    told = {
        "snapshot_id": manifest["snapshot_id"],
        "snapshot_at": manifest["snapshot_at"],
        "is_masked": json.dumps(manifest["is_masked"]),
        "description": table.description,
        "sources": json.dumps(manifest["sources"]),
    }
    metadata = ", ".join(f"{key}: {literal(value)}" for key, value in told.items())
    ((rows,),) = connection.execute(
        f"COPY (FROM {table.place}) TO {literal(str(file))} "
        f"(FORMAT parquet, COMPRESSION zstd, KV_METADATA {{{metadata}}})"
    ).fetchall()
    return {"table": table.qualified, "file": file.name, "rows": rows, "bytes": file.stat().st_size}
