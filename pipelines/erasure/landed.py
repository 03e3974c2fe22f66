"""Erasing rows from landed batches: their tables are written anew without them, and the bytes they came as are removed.

What a manifest says of a delivery as it arrived, its counts and sums among them, stays true of the delivery;
`erased_count` says how many of its rows are no longer there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from connectors.landing import LandingFolder
from pipelines.deployment import Deployment
from pipelines.erased import Graves, erased_rows
from pipelines.erasure.matching import numbers_naming, register_traces
from pipelines.erasure.subject import Traces
from pipelines.ledger import batches
from pipelines.ledger.database import Ledger
from warehouse.cast_sql import literal


@dataclass
class FromLanding:
    """What was erased from landing: batches that were touched; rows, and lines that could not be read, by feed."""

    batches: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)


def erase_landed(
    deployment: Deployment, ledger: Ledger, known: Graves, traces: Traces, held: Mapping[str, Collection[int]]
) -> FromLanding:
    """Erase rows of all feeds, and those of `held`: batch → numbers of rows that never reached staging.

    Done again, it finds nothing. A table is replaced as a whole, so a kill leaves the former one or the new.
    """
    done = FromLanding()
    deployment.home.work.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        register_traces(connection, traces)
        for contract in deployment.catalog.values():
            folder = LandingFolder(deployment.home.landing, contract)
            found = _erased_in(connection, deployment.home.work, folder, known)
            for batch_id in folder.committed():
                rows = {*found.get(batch_id, ()), *_there(connection, folder.table(batch_id), held.get(batch_id, ()))}
                lines = _lines_naming(connection, folder.rejects(batch_id))
                if rows or lines:
                    folder.erase(connection, batch_id, rows=sorted(rows), lines=lines)
                    batches.mark_raw_removed(ledger, batch_id, deployment.clock())
                    done.batches += 1
                    done.rows[contract.feed] = done.rows.get(contract.feed, 0) + len(rows)
                    done.lines[contract.feed] = done.lines.get(contract.feed, 0) + len(lines)
            for batch_id in folder.with_erased_rows_read_again():
                folder.remove_raw(batch_id)
                batches.mark_raw_removed(ledger, batch_id, deployment.clock())
    return done


def _erased_in(
    connection: duckdb.DuckDBPyConnection, work: Path, folder: LandingFolder, known: Graves
) -> dict[str, list[int]]:
    """Batch → numbers of its rows that belong to somebody erased. All batches are cast together, as each costs a file.

    What columns are called and hold may have changed between batches; by name they become of one type that fits all.
    """
    tables = {str(folder.table(batch_id)): batch_id for batch_id in folder.committed()}
    together, scratch = work / "erase.parquet", work / "erase.duckdb"
    found: dict[str, list[int]] = {}
    if not tables:
        return found
    listed = ", ".join(map(literal, tables))
    connection.execute(
        f"""COPY (SELECT row_number() OVER () AS _row_number, filename AS _file, _row_number AS _number,
                         COLUMNS(* EXCLUDE (_row_number, filename))
                  FROM read_parquet([{listed}], filename = true, union_by_name = true))
            TO {literal(str(together))} (FORMAT parquet)"""
    )
    numbers = erased_rows(together, scratch, folder.contract, known)
    rows = connection.execute(
        f"SELECT _file, _number FROM read_parquet({literal(str(together))}) "
        "WHERE _row_number IN (SELECT unnest($numbers))",
        {"numbers": numbers},
    ).fetchall()
    together.unlink()
    for file, number in rows:
        found.setdefault(tables[file], []).append(int(number))
    return found


def _there(connection: duckdb.DuckDBPyConnection, table: Path, numbers: Collection[int]) -> list[int]:
    if not numbers:
        return []
    sql = f"SELECT _row_number FROM read_parquet({literal(str(table))}) WHERE list_contains($numbers, _row_number)"
    return [int(number) for (number,) in connection.execute(sql, {"numbers": list(numbers)}).fetchall()]


def _lines_naming(connection: duckdb.DuckDBPyConnection, rejects: Path | None) -> list[int]:
    """Numbers of lines that could not be read and name somebody."""
    if rejects is None:
        return []
    texts = f"SELECT line_number AS number, lower(raw) AS said FROM read_parquet({literal(str(rejects))})"
    return [int(number) for (number,) in connection.execute(numbers_naming(texts)).fetchall()]
