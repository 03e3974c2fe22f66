"""What of a delivery is not landed: rows landed before, what is of erased people, what a backfill leaves to others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from connectors.contract import FeedContract
from connectors.cursors import cursor_expression
from connectors.delivery import Window
from connectors.quoting import literal, quoted
from connectors.source_spec import RestSource


def repeated_rows(connection: duckdb.DuckDBPyConnection, contract: FeedContract, table: Path) -> int | None:
    """Rows that one delivery holds more than once; None where it has no pages, between which rows could drift."""
    source = contract.source
    if not isinstance(source, RestSource) or source.paging.kind == "none":
        return None
    ((repeated,),) = connection.execute(
        f"SELECT count(*) - count(DISTINCT (_key_hash, _row_hash)) FROM read_parquet({literal(table)})"
    ).fetchall()
    return int(repeated)


def leave_later_rows(
    connection: duckdb.DuckDBPyConnection, contract: FeedContract, table: Path, window: Window
) -> None:
    """Leave out rows after the window of a backfill, which some sources send as well.

    They belong to the next live read: landed by a backfill they would never move the feed's high-water marks.
    """
    if contract.cursor is None:
        return
    upper = window.upper
    limit = f"TIMESTAMP '{upper.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}'" if isinstance(upper, datetime) else str(upper)
    expression = cursor_expression(contract.cursor)
    _keep(connection, table, f"FROM read_parquet({literal(table)}) WHERE coalesce({expression} <= {limit}, true)")


def leave_landed_rows(connection: duckdb.DuckDBPyConnection, table: Path, recent_tables: Sequence[Path]) -> None:
    """Leave out rows that equal the latest landed version of their key in recent batches."""
    if not recent_tables:
        return
    recent = ", ".join(literal(path) for path in recent_tables)
    _keep(
        connection,
        table,
        f"""SELECT new.* FROM read_parquet({literal(table)}) new ANTI JOIN (
               SELECT _key_hash, arg_max(_row_hash, (filename, _row_number)) AS _row_hash
               FROM read_parquet([{recent}], filename = true) GROUP BY _key_hash
           ) landed USING (_key_hash, _row_hash) ORDER BY new._row_number""",
    )


def leave_rows(
    connection: duckdb.DuckDBPyConnection, table: Path, numbers: Sequence[int], *, number: str = "_row_number"
) -> None:
    """Leave out rows by their numbers, which stand in the column `number`."""
    left = ", ".join(map(str, numbers))
    _keep(connection, table, f"FROM read_parquet({literal(table)}) WHERE {number} NOT IN ({left})")


def replace_texts(
    connection: duckdb.DuckDBPyConnection, table: Path, told: pa.Table, *, number: str = "_row_number"
) -> None:
    """Put other texts in place of those of some rows: `told` has the columns anew and, in `number`, the rows' numbers,
    which stand in the column `number` of the table.

    Hashes stay those of what was delivered, by which it is known when it comes again.
    """
    anew = ", ".join(
        f"CASE WHEN told.number IS NULL THEN landed.{quoted(name)} ELSE told.{quoted(name)} END AS {quoted(name)}"
        for name in told.column_names
        if name != "number"
    )
    connection.register("told_anew", told)
    _keep(
        connection,
        table,
        f"""SELECT landed.* REPLACE ({anew}) FROM read_parquet({literal(table)}) AS landed
            LEFT JOIN told_anew AS told ON told.number = landed.{number} ORDER BY landed.{number}""",
    )
    connection.unregister("told_anew")


def _keep(connection: duckdb.DuckDBPyConnection, table: Path, query: str) -> None:
    """Replace a landed table by what a query on it keeps."""
    kept = table.with_suffix(".kept")
    connection.execute(f"COPY ({query}) TO {literal(kept)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)")
    kept.replace(table)
