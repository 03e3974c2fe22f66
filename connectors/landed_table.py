"""Rows on their way from a source into the Parquet table of a batch: counted, numbered and hashed.

Belongs here: writing one table. Does not belong here: folders and manifests of batches (`landing.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from connectors.contract import FeedContract
from connectors.manifest import IS_GONE
from connectors.quoting import literal, quoted
from pipelines.hashing import hash_sql

# DuckDB's hash() may change between its versions, so a manifest says which one made its hashes; hashes of different
# functions are never compared.
HASH_FUNCTION = f"duckdb-{duckdb.__version__}-shifted"


@contextmanager
def watched(
    reader: pa.RecordBatchReader, progress: Callable[[], None] = lambda: None
) -> Iterator[tuple[pa.RecordBatchReader, list[int]]]:
    """A reader for DuckDB, and the sizes of the pieces that went through it, counted before DuckDB sees them.

    `progress` is called for each of them. What the source raised comes out as it was, not as DuckDB's words about it.
    """
    raised: list[Exception] = []
    handed_over: list[int] = []

    def counted() -> Iterator[pa.RecordBatch]:
        try:
            for piece in reader:
                handed_over.append(piece.num_rows)
                progress()
                yield piece
        except Exception as error:
            raised.append(error)
            raise

    try:
        yield pa.RecordBatchReader.from_batches(reader.schema, counted()), handed_over
    except duckdb.Error:
        if raised:
            raise raised[0] from None
        raise


def write_table(
    connection: duckdb.DuckDBPyConnection, contract: FeedContract, reader: pa.RecordBatchReader, table: Path
) -> dict[str, str]:
    """Stream the rows into Parquet with their number and hashes; source column → type as it arrived.

    Rows of a reader with the column `IS_GONE` keep it; a row that is gone has another hash than the row that was there,
    so that it is landed again should it come back unchanged.
    """
    names = list(contract.source_columns())
    types = {name: str(reader.schema.field(name).type) for name in names}
    connection.register("delivered", reader)
    columns, texts = [quoted(name) for name in names], texts_of(reader.schema, names)
    # A key made of constants alone leaves nothing to hash: the feed then has a single row.
    key = contract.key_source_columns()
    key_hash = hash_sql(map(quoted, key), texts_of(reader.schema, key))
    row_hash, gone = hash_sql(columns, texts), ""
    if IS_GONE in reader.schema.names:
        row_hash = f"CASE WHEN {IS_GONE} THEN {hash_sql([*columns, 'true'], texts)} ELSE {row_hash} END"
        gone = f", {IS_GONE}"
    connection.execute(
        f"""COPY (SELECT row_number() OVER () AS _row_number, {", ".join(columns)},
                         {key_hash} AS _key_hash, {row_hash} AS _row_hash{gone} FROM delivered)
            TO {literal(table)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"""
    )
    connection.unregister("delivered")
    return types


def texts_of(schema: pa.Schema, columns: Iterable[str]) -> list[str]:
    """SQL of those among the columns that are texts, or hold some."""
    kinds = {name: schema.field(name).type for name in columns}
    return [
        f"CAST({quoted(name)} AS VARCHAR)" if pa.types.is_nested(kind) else quoted(name)
        for name, kind in kinds.items()
        if pa.types.is_nested(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)
    ]
