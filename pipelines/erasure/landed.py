"""Erasing people from landed batches: their tables are written anew, and the bytes they came as are removed.

Rows of the erased go; rows of others stay without what they said of them. What a manifest says of a delivery as it
arrived, its counts and sums among them, stays true of the delivery; `erased_count` says how many of its rows are no
longer there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from connectors.landing import LandingFolder
from pipelines.deployment import Deployment
from pipelines.erased import erased_rows
from pipelines.erasure.matching import numbers_naming, register_traces
from pipelines.erasure.subject import Traces
from pipelines.ledger import batches
from pipelines.ledger.database import Ledger
from pipelines.mentions import Graves, telling_of_source, without_mentions
from warehouse.cast_sql import literal
from warehouse.connection import warehouse_work_path


@dataclass
class FromLanding:
    """What was erased from landing: batches that were touched; by feed rows, rows of others that lost what they said of
    the erased, and lines that could not be read.
    """

    batches: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    redacted: dict[str, int] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def count(self, feed: str, rows: int, redacted: int, lines: int) -> None:
        """Count a batch that was touched."""
        self.batches += 1
        for counts, more in ((self.rows, rows), (self.redacted, redacted), (self.lines, lines)):
            if more:
                counts[feed] = counts.get(feed, 0) + more


def erase_landed(
    deployment: Deployment, ledger: Ledger, known: Graves, traces: Traces, held: Mapping[str, Collection[int]]
) -> FromLanding:
    """Erase rows of all feeds, and those of `held`: batch → numbers of rows that never reached staging.

    Done again, it finds nothing. A table is replaced as a whole, so a kill leaves the former one or the new.
    """
    done = FromLanding()
    work = warehouse_work_path(deployment.home.root)
    work.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        register_traces(connection, traces)
        for contract in deployment.catalog.values():
            folder = LandingFolder(deployment.home.landing, contract)
            found = _found_in(connection, work, folder, known)
            for batch_id in folder.with_rows():
                erased, told_anew = found.get(batch_id, _NOTHING)
                rows = {*erased, *_there(connection, folder.table(batch_id), held.get(batch_id, ()))}
                lines = _lines_naming(connection, folder.rejects(batch_id))
                if rows or lines or told_anew is not None:
                    folder.erase(connection, batch_id, rows=sorted(rows), lines=lines, told_anew=told_anew)
                    batches.mark_raw_removed(ledger, batch_id, deployment.clock())
                    done.count(contract.feed, len(rows), 0 if told_anew is None else told_anew.num_rows, len(lines))
            for batch_id in folder.with_erased_rows_read_again():
                folder.remove_raw(batch_id)
                batches.mark_raw_removed(ledger, batch_id, deployment.clock())
    return done


_NOTHING: tuple[Sequence[int], pa.Table | None] = ((), None)


def _found_in(
    connection: duckdb.DuckDBPyConnection, work: Path, folder: LandingFolder, known: Graves
) -> dict[str, tuple[Sequence[int], pa.Table | None]]:
    """Batch → numbers of its rows that belong to somebody erased, and texts of others anew (`rereads.replace_texts`).

    All batches are looked through together, as each costs a file. What columns are called and hold may have changed
    between batches; by name they become of one type that fits all.
    """
    tables = {str(folder.table(batch_id)): batch_id for batch_id in folder.with_rows()}
    together, scratch = work / "erase.parquet", work / "erase.duckdb"
    if not tables:
        return {}
    listed = ", ".join(map(literal, tables))
    connection.execute(
        f"""COPY (SELECT row_number() OVER () AS _row_number, filename AS _file, _row_number AS _number,
                         COLUMNS(* EXCLUDE (_row_number, filename))
                  FROM read_parquet([{listed}], filename = true, union_by_name = true))
            TO {literal(str(together))} (FORMAT parquet)"""
    )
    source = f"read_parquet({literal(str(together))})"
    erased = erased_rows(together, scratch, folder.contract, known)
    mended = without_mentions(connection, source, "_row_number", telling_of_source(folder.contract), known)
    connection.register("mended", mended)
    gone: dict[str, Sequence[int]] = {
        tables[file]: numbers
        for file, numbers in connection.execute(
            f"SELECT _file, list(_number) FROM {source} WHERE _row_number IN (SELECT unnest($erased)) GROUP BY _file",
            {"erased": erased},
        ).fetchall()
    }
    stays: pa.Table = connection.sql(
        f"""SELECT _file, mended.* REPLACE (_number AS number) FROM mended JOIN {source} AS row ON number = _row_number
            WHERE NOT list_contains($erased, number)""",
        params={"erased": erased},
    ).to_arrow_table()
    connection.unregister("mended")
    together.unlink()
    files = stays["_file"]
    told = {tables[file]: stays.filter(pc.equal(files, file)).drop(["_file"]) for file in files.unique().to_pylist()}
    return {batch_id: (gone.get(batch_id, ()), told.get(batch_id)) for batch_id in gone.keys() | told.keys()}


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
