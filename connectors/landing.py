"""The batch protocol: write into an incoming folder, fsync, manifest last, rename. The rename is the commit.

A kill at any moment leaves either a committed batch or an incoming folder that the next run sweeps. Rows that an
overlapping read delivers again are left out, so a quiet source adds nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from connectors import rereads
from connectors.claims import Delivered, check_claims, exact_total
from connectors.contract import FeedContract
from connectors.cursors import cursor_expression, cursor_text, later
from connectors.delivery import Delivery, Receipt, Window
from connectors.duckdb_sessions import open_session
from connectors.landed_table import HASH_FUNCTION, watched, write_table
from connectors.manifest import (
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
from connectors.quoting import literal
from pipelines.durability import fsync

INCOMING = ".incoming"


@dataclass(frozen=True)
class LandingRequest:
    """What a landing needs to know beyond the delivery itself.

    `may_be_empty` lets a full delivery without rows follow one that had some; `progress` is called as rows arrive;
    `keep_out` takes what belongs to somebody erased out of a landed table, `keep_out_of_lines` out of lines that could
    not be read; each says whether there was any.
    """

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
    may_be_empty: bool = False
    progress: Callable[[], None] = lambda: None
    keep_out: Callable[[Path], bool] = lambda _table: False
    keep_out_of_lines: Callable[[Path], bool] = lambda _rejects: False


@dataclass(frozen=True)
class LandedBatch:
    """A batch that lies complete in its incoming folder, ready to be committed."""

    manifest: Manifest
    incoming: Path
    final: Path

    def rename(self) -> None:
        """Commit: give the folder its final name, durably."""
        self.incoming.rename(self.final)
        fsync(self.final.parent)


@dataclass(frozen=True)
class Written:
    """What became of one delivery. `batch` is None when all its rows were landed before.

    `rows_read` counts what the source handed over, rows that could not be read included; `rows_reread` those of them
    that were landed before, in a backfill are left to the next live read, or belong to somebody erased;
    `rows_repeated` those that pages of this one delivery held already, None where there are no pages.
    """

    batch: LandedBatch | None
    rows_read: int
    rows_reread: int
    rows_repeated: int | None
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

    def with_rows(self) -> list[str]:
        """Ids of committed batches whose rows were not forgotten, oldest first."""
        return [batch_id for batch_id in self.committed() if self.table(batch_id).exists()]

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

    def forget_rows(self, batch_id: str) -> None:
        """Forget what a batch held: its bytes, its rows and the lines that could not be read. Its manifest stays."""
        self.remove_raw(batch_id)
        # The table goes last: a batch without one counts as forgotten.
        (self.folder / batch_id / REJECTS_NAME).unlink(missing_ok=True)
        self.table(batch_id).unlink(missing_ok=True)

    def erase(
        self,
        connection: duckdb.DuckDBPyConnection,
        batch_id: str,
        *,
        rows: Sequence[int] = (),
        lines: Sequence[int] = (),
        told_anew: pa.Table | None = None,
    ) -> None:
        """Take rows, and lines that could not be read, out of a committed batch for good, and the bytes it came as.

        `told_anew` has the texts of rows that stay, without what they said of the erased (`rereads.replace_texts`).
        The manifest goes first and each file is replaced as a whole: after a kill, done again, it ends the same.
        """
        self.remove_raw(batch_id)
        manifest, table = self.manifest(batch_id), self.table(batch_id)
        facts = {
            "erased_count": manifest.row_count - int(pq.read_metadata(table).num_rows) + len(rows),
            "is_redacted": manifest.is_redacted or told_anew is not None,
        }
        corrected = self.folder / batch_id / f".{MANIFEST_NAME}"
        corrected.write_text(manifest.model_copy(update=facts).model_dump_json(indent=1), "utf-8")
        corrected.replace(self.folder / batch_id / MANIFEST_NAME)
        if lines:
            rereads.leave_rows(connection, self.folder / batch_id / REJECTS_NAME, lines, number="line_number")
        if rows:
            rereads.leave_rows(connection, table, rows)
        if told_anew is not None:
            rereads.replace_texts(connection, table, told_anew)
        _fsync_tree(self.folder / batch_id)

    def with_erased_rows_read_again(self) -> list[str]:
        """Batches whose bytes may hold what was erased though their tables never did, as it had been landed before."""
        manifests = [self.manifest(batch_id) for batch_id in self.committed()]
        if not any(manifest.erased_count or manifest.is_redacted for manifest in manifests):
            return []
        return [
            manifest.batch_id
            for manifest in manifests
            if manifest.reread_count and (self.folder / manifest.batch_id / RAW_FOLDER).is_dir()
        ]

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
        contract, table = self.contract, incoming / TABLE_NAME
        with open_session() as connection:
            connection.execute("SET TimeZone = 'UTC'")  # texts without a zone are read as UTC
            with watched(delivery.reader, request.progress) as (reader, handed_over):
                types = write_table(connection, contract, reader, table)
            receipt = delivery.receipt()
            delivered = Delivered(delivery.label, receipt, table, sum(handed_over))
            check_claims(connection, contract, delivered, request.previous, may_be_empty=request.may_be_empty)
            repeated = rereads.repeated_rows(connection, contract, table)
            # First, as bytes are not kept either of what was landed before.
            if request.keep_out(table):
                _empty(incoming / RAW_FOLDER)
            if request.kind == "backfill":
                rereads.leave_later_rows(connection, contract, table, request.window)
            if contract.cursor is not None and delivered.handed_over:
                rereads.leave_landed_rows(connection, table, request.recent_tables)
            reread = delivered.handed_over - int(pq.read_metadata(table).num_rows)
            if receipt.rejects.num_rows:
                pq.write_table(receipt.rejects, incoming / REJECTS_NAME, compression="zstd")
                if request.keep_out_of_lines(incoming / REJECTS_NAME):
                    _empty(incoming / RAW_FOLDER)
            manifest = _describe(connection, contract, delivery.label, receipt, table, types, request, reread)
        if _is_nothing_new(contract, manifest, request.previous):
            shutil.rmtree(incoming)
            return Written(None, delivered.rows_read, delivered.rows_read, repeated, receipt)
        (incoming / MANIFEST_NAME).write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
        _fsync_tree(incoming)
        batch = LandedBatch(manifest, incoming, self.folder / request.batch_id)
        return Written(batch, delivered.rows_read, reread, repeated, receipt)


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
    source = f"read_parquet({literal(table)})"
    ((row_count, key_hash_sum, row_hash_sum),) = connection.execute(
        f"""SELECT count(*), coalesce(sum(_key_hash::HUGEINT), 0)::VARCHAR,
                   coalesce(sum(_row_hash::HUGEINT), 0)::VARCHAR FROM {source}"""
    ).fetchall()
    low, high, reached, future_count = _cursor_range(connection, contract, source, request.window)
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
        future_count=future_count,
        ends_mid_line=receipt.ends_mid_line,
        totals={name: str(exact_total(connection, table, name)) for name in contract.totals},
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
) -> tuple[str | None, str | None, str | None, int]:
    """Lowest and highest cursor value, the highest that the cursor may move to, and how many lie in the future.

    The cursor never moves to a value from the future.
    """
    if contract.cursor is None:
        return None, None, None, 0
    ((low, high, reached, future_count),) = connection.execute(
        f"""SELECT min(c), max(c), max(c) FILTER (c <= coalesce($limit, c)), count(*) FILTER (c > $limit)
            FROM (SELECT {cursor_expression(contract.cursor)} AS c FROM {source})""",
        {"limit": window.future_from.replace(tzinfo=None) if isinstance(window.future_from, datetime) else None},
    ).fetchall()
    return cursor_text(low), cursor_text(high), cursor_text(reached), future_count


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


def _empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def _fsync_tree(folder: Path) -> None:
    for path in (*folder.rglob("*"), folder):
        fsync(path)
