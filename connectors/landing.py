"""The batch protocol: write into an incoming folder, fsync, manifest last, rename. The rename is the commit.

A kill at any moment leaves either a committed batch or an incoming folder that the next run sweeps. Rows that an
overlapping read delivers again are left out, so a quiet source adds nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.contract import FeedContract
from connectors.cursors import cursor_expression, cursor_text, later
from connectors.delivery import Delivery, FeedTrouble, Receipt, Window
from connectors.manifest import (
    IS_GONE,
    MANIFEST_NAME,
    RAW_FOLDER,
    REJECTS_NAME,
    TABLE_NAME,
    BatchKind,
    Manifest,
    ManifestFile,
    ManifestPart,
    read_manifest,
)

# DuckDB's hash() may change between its versions, so a manifest says which one made its hashes; hashes of different
# functions are never compared. It costs 0.1 CPU s per million rows where MD5 costs 1.1.
HASH_FUNCTION = f"duckdb-{duckdb.__version__}"

INCOMING = ".incoming"


@dataclass(frozen=True)
class LandingRequest:
    """What a landing needs to know beyond the delivery itself."""

    batch_seq: int
    batch_id: str
    lease_token: int
    landed_at: datetime
    window: Window
    cursor_before: str | None
    source_identity: str
    source_clock: datetime | None
    recent_tables: Sequence[Path]
    previous: Manifest | None
    kind: BatchKind = "live"


@dataclass(frozen=True)
class LandedBatch:
    """A batch that lies complete in its incoming folder, ready to be committed."""

    manifest: Manifest
    incoming: Path
    final: Path

    def rename(self) -> None:
        """Commit: give the folder its final name, durably."""
        self.incoming.rename(self.final)
        _fsync(self.final.parent)


@dataclass(frozen=True)
class Written:
    """What became of one delivery. `batch` is None when all its rows were landed before."""

    batch: LandedBatch | None
    rows_reread: int
    receipt: Receipt


class LandingFolder:
    """All batches of one feed."""

    def __init__(self, root: Path, contract: FeedContract) -> None:
        self.contract = contract
        self.folder = root / contract.system / contract.name
        self.folder.mkdir(parents=True, exist_ok=True)

    def committed(self) -> list[str]:
        """Ids of committed batches, oldest first."""
        return sorted(entry.name for entry in os.scandir(self.folder) if entry.is_dir() and entry.name != INCOMING)

    def manifest(self, batch_id: str) -> Manifest:
        """The manifest of a committed batch."""
        return read_manifest(self.folder / batch_id)

    def table(self, batch_id: str) -> Path:
        """The landed table of a committed batch."""
        return self.folder / batch_id / TABLE_NAME

    def rejects(self, batch_id: str) -> Path | None:
        """The rows of a committed batch that could not be read, if there are any."""
        path = self.folder / batch_id / REJECTS_NAME
        return path if path.exists() else None

    def sweep(self) -> int:
        """Remove what dead runs left half-written. Call only while holding the feed's lease."""
        left = list((self.folder / INCOMING).glob("*"))
        shutil.rmtree(self.folder / INCOMING, ignore_errors=True)
        return len(left)

    def remove_raw(self, batch_id: str) -> None:
        """Forget the bytes that a batch arrived as. Its table, rejects and manifest stay."""
        shutil.rmtree(self.folder / batch_id / RAW_FOLDER, ignore_errors=True)

    def incoming(self, batch_id: str) -> Path:
        """A fresh incoming folder with room for raw bytes."""
        folder = self.folder / INCOMING / batch_id
        shutil.rmtree(folder, ignore_errors=True)
        (folder / RAW_FOLDER).mkdir(parents=True)
        return folder

    def write(self, delivery: Delivery, incoming: Path, request: LandingRequest) -> Written:
        """Write a delivery into `incoming`, leaving out rows that were landed before.

        Raises:
            FeedTrouble: the source failed while reading, or its own claims disagree with what it delivered.
        """
        table = incoming / TABLE_NAME
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")  # texts without a zone are read as UTC
            with source_errors_first(delivery.reader) as reader:
                types = write_table(connection, self.contract, reader, table)
            receipt = delivery.receipt()
            rows_read = pq.read_metadata(table).num_rows
            _check_claims(connection, self.contract, delivery.label, receipt, table, rows_read)
            reread = _drop_landed_rows(connection, self.contract, table, request, rows_read)
            if receipt.rejects.num_rows:
                pq.write_table(receipt.rejects, incoming / REJECTS_NAME, compression="zstd")
            manifest = _describe(connection, self.contract, delivery.label, receipt, table, types, request, reread)
        if _is_nothing_new(self.contract, manifest, request.previous):
            shutil.rmtree(incoming)
            return Written(None, reread + manifest.row_count, receipt)
        (incoming / MANIFEST_NAME).write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
        _fsync_tree(incoming)
        return Written(LandedBatch(manifest, incoming, self.folder / request.batch_id), reread, receipt)


@contextmanager
def source_errors_first(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatchReader]:
    """Hand a reader to DuckDB such that what the source raised comes out as it was, not as DuckDB's words about it."""
    raised: list[Exception] = []

    def watched() -> Iterator[pa.RecordBatch]:
        try:
            yield from reader
        except Exception as error:
            raised.append(error)
            raise

    try:
        yield pa.RecordBatchReader.from_batches(reader.schema, watched())
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
    columns = ", ".join(_quoted(name) for name in names)
    # A key made of constants alone leaves nothing to hash: the feed then has a single row.
    key_columns = ", ".join(_quoted(name) for name in contract.key_source_columns()) or "1"
    row_hash, gone = f"hash({columns})", ""
    if IS_GONE in reader.schema.names:
        row_hash, gone = f"CASE WHEN {IS_GONE} THEN hash({columns}, true) ELSE {row_hash} END", f", {IS_GONE}"
    connection.execute(
        f"""COPY (SELECT row_number() OVER () AS _row_number, {columns},
                         hash({key_columns}) AS _key_hash, {row_hash} AS _row_hash{gone} FROM delivered)
            TO {_literal(table)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"""
    )
    connection.unregister("delivered")
    return types


def _check_claims(
    connection: duckdb.DuckDBPyConnection, contract: FeedContract, label: str, receipt: Receipt, table: Path, rows: int
) -> None:
    """Hold what the source says it sent against what was read."""
    if receipt.partial_reason is not None:
        raise FeedTrouble(
            contract.feed,
            f"{label} is incomplete: {receipt.partial_reason}",
            "Nothing of it was landed; it is read again at the next sync.",
            kind="partial",
            is_retryable=True,
        )
    read = rows + receipt.rejects.num_rows
    if receipt.claimed_rows is not None and receipt.claimed_rows != read:
        raise FeedTrouble(
            contract.feed,
            f"{label} claims {receipt.claimed_rows:,} rows and holds {read:,}",
            "Nothing of it was landed. Ask the sender to deliver it again; the next sync reads it again.",
            kind="partial",
            is_retryable=True,
        )
    # A rejected row keeps its amount from being added up, so totals prove something only where all rows were read.
    if receipt.rejects.num_rows:
        return
    for name, claimed in receipt.claimed_totals.items():
        found = _total(connection, table, name) if name in contract.source_columns() else None
        if found is not None and found != claimed:
            raise FeedTrouble(
                contract.feed,
                f"{label} claims a total {name} of {claimed} and holds {found}",
                "Nothing of it was landed. Ask the sender to deliver it again; the next sync reads it again.",
                kind="partial",
            )


def _total(connection: duckdb.DuckDBPyConnection, table: Path, column: str) -> Decimal:
    """Exact sum of a column; values that are no numbers do not count, as the sender cannot have added them either."""
    total: Decimal
    ((total,),) = connection.execute(
        f"SELECT coalesce(sum(TRY_CAST({_quoted(column)} AS DECIMAL(38, 6))), 0) FROM read_parquet({_literal(table)})"
    ).fetchall()
    return total


def _drop_landed_rows(
    connection: duckdb.DuckDBPyConnection, contract: FeedContract, table: Path, request: LandingRequest, rows: int
) -> int:
    """Leave out rows that equal the latest landed version of their key; how many were left out."""
    if contract.cursor is None or not request.recent_tables or rows == 0:
        return 0
    recent = ", ".join(_literal(path) for path in request.recent_tables)
    kept = table.with_suffix(".kept")
    connection.execute(
        f"""COPY (SELECT new.* FROM read_parquet({_literal(table)}) new ANTI JOIN (
                SELECT _key_hash, arg_max(_row_hash, (filename, _row_number)) AS _row_hash
                FROM read_parquet([{recent}], filename = true) GROUP BY _key_hash
            ) landed USING (_key_hash, _row_hash) ORDER BY new._row_number)
            TO {_literal(kept)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"""
    )
    kept.replace(table)
    return rows - int(pq.read_metadata(table).num_rows)


def _describe(
    connection: duckdb.DuckDBPyConnection,
    contract: FeedContract,
    label: str,
    receipt: Receipt,
    table: Path,
    types: dict[str, str],
    request: LandingRequest,
    reread: int,
) -> Manifest:
    source = f"read_parquet({_literal(table)})"
    ((row_count, key_hash_sum, row_hash_sum),) = connection.execute(
        f"""SELECT count(*), coalesce(sum(_key_hash::HUGEINT), 0)::VARCHAR,
                   coalesce(sum(_row_hash::HUGEINT), 0)::VARCHAR FROM {source}"""
    ).fetchall()
    low, high, reached = _cursor_range(connection, contract, source, request.window)
    fingerprint = hashlib.sha256(repr(sorted(types.items())).encode()).hexdigest()[:16]
    return Manifest(
        batch_id=request.batch_id,
        batch_seq=request.batch_seq,
        feed=contract.feed,
        kind=request.kind,
        label=label,
        contract_version=contract.version,
        lease_token=request.lease_token,
        landed_at=request.landed_at.astimezone(UTC).isoformat(),
        window_lower=cursor_text(request.window.lower),
        window_upper=cursor_text(request.window.upper),
        cursor_before=request.cursor_before,
        # What a comparison brought lies behind the cursor, or is for the next sync to bring.
        cursor_after=request.cursor_before
        if request.kind == "reconcile"
        else later(contract.cursor, request.cursor_before, reached),
        cursor_low=low,
        cursor_high=high,
        source_identity=request.source_identity,
        source_clock=request.source_clock.isoformat() if request.source_clock else None,
        row_count=row_count,
        reject_count=receipt.rejects.num_rows,
        reread_count=reread,
        claimed_rows=receipt.claimed_rows,
        totals={name: str(_total(connection, table, name)) for name in contract.totals},
        claimed_totals={name: str(value) for name, value in receipt.claimed_totals.items()},
        other_claims=dict(receipt.other_claims),
        key_hash_sum=key_hash_sum,
        row_hash_sum=row_hash_sum,
        hash_function=HASH_FUNCTION,
        schema_fingerprint=fingerprint,
        columns=types,
        undeclared_columns=list(receipt.undeclared_columns),
        sequence=receipt.sequence,
        business_date=receipt.business_date,
        parts=[ManifestPart(**vars(part)) for part in receipt.parts],
        source_file=ManifestFile(**vars(receipt.source_file)) if receipt.source_file else None,
    )


def _cursor_range(
    connection: duckdb.DuckDBPyConnection, contract: FeedContract, source: str, window: Window
) -> tuple[str | None, str | None, str | None]:
    """Lowest and highest cursor value, and the highest that the cursor may move to: never one from the future."""
    if contract.cursor is None:
        return None, None, None
    ((low, high, reached),) = connection.execute(
        f"""SELECT min(c), max(c), max(c) FILTER (c <= coalesce($limit, c))
            FROM (SELECT {cursor_expression(contract.cursor)} AS c FROM {source})""",
        {"limit": window.future_from.replace(tzinfo=None) if isinstance(window.future_from, datetime) else None},
    ).fetchall()
    return cursor_text(low), cursor_text(high), cursor_text(reached)


def _is_nothing_new(contract: FeedContract, manifest: Manifest, previous: Manifest | None) -> bool:
    """True when the batch would add nothing to what was landed: no row left, or a full delivery equal to the last."""
    if manifest.source_file is not None:
        return False  # each file is a fact of its own, even an empty one
    if contract.delivery == "incremental":
        return manifest.row_count == 0 and manifest.reject_count == 0
    return previous is not None and all(
        getattr(manifest, name) == getattr(previous, name)
        for name in ("row_count", "key_hash_sum", "row_hash_sum", "hash_function", "contract_version", "reject_count")
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _fsync_tree(folder: Path) -> None:
    for path in (*folder.rglob("*"), folder):
        _fsync(path)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
