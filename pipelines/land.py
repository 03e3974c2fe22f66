"""Land one feed: read what is new at its source into committed batches, and write down what was seen."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from connectors.contract import FeedContract
from connectors.cursors import cursor_text, next_window
from connectors.delivery import Delivery, FeedTrouble, FileIdentity, Probe, SourceReader, Window
from connectors.landing import LandedBatch, LandingFolder, LandingRequest
from connectors.manifest import RAW_FOLDER, Manifest
from connectors.source import open_source
from pipelines.deployment import Deployment
from pipelines.ledger import batches, evidence, leases, runs
from pipelines.ledger.database import Ledger
from pipelines.ledger.leases import Lease, LeaseHeld, LeaseLost


@dataclass
class Landing:
    """What a landing came to. `trouble` is set when it did not end well; batches committed before it stand."""

    feed: str
    batch_ids: list[str] = field(default_factory=list)
    rows_landed: int = 0
    rows_rejected: int = 0
    rows_reread: int = 0
    undeclared_columns: list[str] = field(default_factory=list)
    trouble: FeedTrouble | None = None


def land_feed(deployment: Deployment, contract: FeedContract) -> Landing:
    """Bring the feed's landing folder up to date with its source. Trouble is returned, not raised."""
    landing = Landing(contract.feed)
    with Ledger(deployment.home.ledger) as ledger:
        try:
            with (
                _storage_trouble(contract.feed),
                leases.held(
                    ledger,
                    f"feed:{contract.feed}",
                    clock=deployment.clock,
                    patience=deployment.patience,
                    sleep=deployment.sleep,
                ) as lease,
            ):
                _LandingRun(deployment, ledger, contract, lease, landing).land()
        except LeaseLost as lost:
            step = "Run c360 sync again."
            landing.trouble = FeedTrouble(contract.feed, str(lost), step, kind="busy", is_retryable=True)
        except LeaseHeld as held:
            landing.trouble = FeedTrouble(
                contract.feed,
                f"another sync is at work on it ({held.holder})",
                "It will land what is new; run c360 status to see when it is done.",
                kind="busy",
                is_retryable=True,
            )
        except FeedTrouble as trouble:
            landing.trouble = trouble
    return landing


class _LandingRun:
    """One run of landing, under the feed's lease."""

    def __init__(
        self, deployment: Deployment, ledger: Ledger, contract: FeedContract, lease: Lease, landing: Landing
    ) -> None:
        self.deployment, self.ledger, self.contract = deployment, ledger, contract
        self.lease, self.landing = lease, landing
        self.folder = LandingFolder(deployment.home.landing, contract)
        self.run_id = runs.next_run_id(ledger, contract.feed)
        self.probe: Probe | None = None
        self.clock = deployment.clock()
        self.window = Window()
        self.previous: Manifest | None = None
        self.cursor_before: str | None = None
        self.incoming = Path()
        self.is_end_declared = False

    def land(self) -> None:
        """Open the run, read, commit, close the run; trouble goes into the landing."""
        contract, now = self.contract, self.deployment.clock()
        opening = runs.RunOpening(self.run_id, contract.feed, "live", self.lease.token, contract.version, now)
        runs.open_run(self.ledger, opening, contract.model_dump_json())
        recover(self.ledger, self.folder)
        committed = self.folder.committed()
        if committed:
            self.previous = self.folder.manifest(committed[-1])
            self.cursor_before = self.previous.cursor_after
        try:
            with opened_source(contract, self.deployment) as source:
                self.probe = source.probe()
                self.clock = self.probe.clock or now
                self.window = next_window(contract.cursor, self.cursor_before, self.clock)
                self._read(source)
            self._record_probe()
            self._forget_old_bytes()
        except FeedTrouble as trouble:
            self.landing.trouble = self.landing.trouble or trouble
            if trouble.kind == "denied":
                evidence.record_credentials(self.ledger, contract.feed, "denied", trouble.fact, self.deployment.clock())
        except (OSError, duckdb.Error, MemoryError) as error:
            self.landing.trouble = storage_trouble(contract.feed, error) or _unforeseen(contract.feed, error)
        finally:
            self.folder.sweep()
            runs.close_run(self.ledger, self.run_id, self._closing())

    def _read(self, source: SourceReader) -> None:
        """Write each delivery of the source as a batch and commit it.

        A file that cannot be used does not keep back those after it: staging merges forward only, so it may come later.
        """
        last = self.previous.batch_seq if self.previous else 0
        batch_seq = max(batches.last_batch_seq(self.ledger, self.contract.feed), last) + 1
        self.incoming = self.folder.incoming(self._batch_id(batch_seq))
        for delivery in source.deliveries(self.window, is_landed=self._is_landed, raw_folder=self._raw_folder):
            try:
                batch_seq += self._write(delivery, batch_seq)
            except FeedTrouble as trouble:
                if self.contract.source.kind != "files":
                    raise
                self.landing.trouble = self.landing.trouble or trouble
            self.incoming = self.folder.incoming(self._batch_id(batch_seq))

    def _write(self, delivery: Delivery, batch_seq: int) -> int:
        """Land one delivery; the number of batches it became: one, or none when it held nothing new."""
        recent = batches.batches_reaching(self.ledger, self.contract.feed, cursor_text(self.window.lower))
        request = LandingRequest(
            batch_seq=batch_seq,
            batch_id=self._batch_id(batch_seq),
            lease_token=self.lease.token,
            landed_at=self.deployment.clock(),
            window=self.window,
            cursor_before=self.previous.cursor_after if self.previous else None,
            source_identity=self.probe.identity if self.probe else "",
            source_clock=self.clock,
            recent_tables=[self.folder.table(batch_id) for batch_id in recent],
            previous=self.previous,
        )
        written = self.folder.write(delivery, self.incoming, request)
        self.is_end_declared = written.receipt.is_end_declared
        self.landing.rows_reread += written.rows_reread
        self.landing.undeclared_columns = list(written.receipt.undeclared_columns)
        if written.batch is None:
            return 0
        commit(self.ledger, self.lease, written.batch, self.run_id)
        self.previous = written.batch.manifest
        self.landing.batch_ids.append(self.previous.batch_id)
        self.landing.rows_landed += self.previous.row_count
        self.landing.rows_rejected += self.previous.reject_count
        return 1

    def _batch_id(self, batch_seq: int) -> str:
        return batch_id_of(self.contract, batch_seq)

    def _raw_folder(self) -> Path:
        return self.incoming / RAW_FOLDER

    def _is_landed(self, file: FileIdentity) -> bool:
        return batches.is_file_landed(self.ledger, self.contract.feed, file.name, file.byte_count, file.modified_at)

    def _record_probe(self) -> None:
        """Write down what the source said of itself, and that it let us in.

        A source that says in its last answer that there is no more has nothing newer than what was landed.
        """
        if self.probe is None:
            return
        probe, now = self.probe, self.deployment.clock()
        if probe.newest is None and self.is_end_declared and self.previous is not None:
            probe = replace(probe, newest=self.previous.cursor_after)
        evidence.record_probe(self.ledger, self.contract.feed, self.run_id, now=now, **vars(probe))
        evidence.record_credentials(self.ledger, self.contract.feed, "accepted", "it was read", now)

    def _forget_old_bytes(self) -> None:
        """Remove raw bytes that the contract's retention no longer covers. They hold personal data like the rest."""
        now = self.deployment.clock()
        limit = now.astimezone(UTC) - self.contract.retention.raw
        for batch_id in batches.batches_with_raw_bytes(self.ledger, self.contract.feed, limit):
            self.folder.remove_raw(batch_id)
            batches.mark_raw_removed(self.ledger, batch_id, now)

    def _closing(self) -> runs.RunClosing:
        trouble, now, landing = self.landing.trouble, self.deployment.clock(), self.landing
        if trouble is not None:
            status: runs.RunStatus = "PARTIAL" if trouble.kind == "partial" or landing.batch_ids else "FAILED"
        else:
            status = "OK" if landing.batch_ids else "EMPTY_OK"
        source_clock = self.probe.clock if self.probe else None
        return runs.RunClosing(
            status=status,
            ended_at=now,
            window_lower=cursor_text(self.window.lower),
            window_upper=cursor_text(self.window.upper),
            cursor_before=self.cursor_before,
            cursor_after=self.previous.cursor_after if self.previous else None,
            source_identity=self.probe.identity if self.probe else None,
            clock_offset_seconds=(source_clock - now).total_seconds() if source_clock else None,
            rows_landed=landing.rows_landed,
            rows_reread=landing.rows_reread,
            undeclared_columns=landing.undeclared_columns,
            error_kind=trouble.kind if trouble else None,
            error=f"{trouble.fact}. {trouble.next_step}" if trouble else None,
        )


def check_source(deployment: Deployment, contract: FeedContract) -> FeedTrouble | None:
    """Connect to the feed's source and begin to read it, without landing anything; what is wrong, or None."""
    try:
        with opened_source(contract, deployment) as source, TemporaryDirectory() as scratch:
            clock = source.probe().clock or deployment.clock()
            window = next_window(contract.cursor, None, clock)
            for delivery in source.deliveries(window, is_landed=lambda _file: False, raw_folder=lambda: Path(scratch)):
                delivery.reader.schema.names  # noqa: B018  (a column that is missing shows here)
                break
    except FeedTrouble as trouble:
        return trouble
    return None


def batch_id_of(contract: FeedContract, batch_seq: int) -> str:
    """Batch ids sort as their numbers do."""
    return f"{contract.feed}-{batch_seq:08d}"


def commit(ledger: Ledger, lease: Lease, batch: LandedBatch, run_id: str) -> None:
    """Make a batch count: under a lease that still stands, rename its folder and write it down.

    A kill between the rename and the ledger's commit leaves a batch that `recover` adopts.

    Raises:
        leases.LeaseLost: another run took over; the batch stays uncommitted.
    """
    with ledger.transaction() as connection:
        leases.check(ledger, lease)
        batch.rename()
        batches.add_batch(connection, _record(batch.manifest), run_id)


def recover(ledger: Ledger, folder: LandingFolder) -> list[str]:
    """Sweep what dead runs left and adopt committed batches that the ledger does not know; ids of those adopted."""
    folder.sweep()
    known = batches.known_batches(ledger, folder.contract.feed)
    orphans = [batch_id for batch_id in folder.committed() if batch_id not in known]
    for batch_id in orphans:
        with ledger.transaction() as connection:
            batches.add_batch(connection, _record(folder.manifest(batch_id)), None)
    return orphans


def storage_trouble(feed: str, error: BaseException) -> FeedTrouble | None:
    """The trouble behind an error of the machine (disk full, no permission), or None when it is not of that kind."""
    number = getattr(error, "errno", None)
    if number in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error):
        return FeedTrouble(
            feed,
            "the disk of the home folder is full",
            "Free space there and run c360 sync again; nothing half-landed is left.",
            kind="storage",
            is_retryable=True,
        )
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return FeedTrouble(
            feed,
            f"the home folder cannot be written: {error}",
            "Give this user the right to write there and run c360 sync again.",
            kind="storage",
        )
    return None


@contextmanager
def opened_source(contract: FeedContract, deployment: Deployment) -> Iterator[SourceReader]:
    """The feed's source, for the length of the block. Raises FeedTrouble."""
    source = open_source(contract, deployment.environment, sleep=deployment.sleep)
    try:
        yield source
    finally:
        source.close()


@contextmanager
def _storage_trouble(feed: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        trouble = storage_trouble(feed, error)
        if trouble is None:
            raise
        raise trouble from error


def _unforeseen(feed: str, error: BaseException) -> FeedTrouble:
    fact = f"landing stopped: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
    step = "Nothing half-landed is left. Correct the cause and run c360 sync again."
    return FeedTrouble(feed, fact, step, kind="broken")


def _record(manifest: Manifest) -> batches.BatchRecord:
    file = manifest.source_file
    digest = hashlib.sha256("".join(part.sha256 for part in manifest.parts).encode()).hexdigest()
    return batches.BatchRecord(
        batch_id=manifest.batch_id,
        feed=manifest.feed,
        batch_seq=manifest.batch_seq,
        label=manifest.label,
        row_count=manifest.row_count,
        reject_count=manifest.reject_count,
        claimed_rows=manifest.claimed_rows,
        byte_count=manifest.byte_count,
        content_sha256=digest if manifest.parts else None,
        schema_fingerprint=manifest.schema_fingerprint,
        cursor_low=manifest.cursor_low,
        cursor_high=manifest.cursor_high,
        cursor_after=manifest.cursor_after,
        sequence=manifest.sequence,
        business_date=manifest.business_date,
        source_identity=manifest.source_identity,
        landed_at=manifest.landed_at,
        file_name=file.name if file else None,
        file_bytes=file.byte_count if file else None,
        file_modified_at=file.modified_at if file else None,
        kind=manifest.kind,
    )
