"""Land one feed: read what is new at its source into committed batches, and write down what was seen."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import duckdb

from connectors.contract import FeedContract
from connectors.cursors import backfill_window, believed_until, cursor_text, next_window
from connectors.declared import ColumnsMissing
from connectors.delivery import Delivery, FeedTrouble, FileIdentity, Probe, SourceReader, Window
from connectors.landing import LandingFolder, LandingRequest
from connectors.manifest import RAW_FOLDER, BatchKind, Manifest
from connectors.meter import Meter
from connectors.source import open_source
from connectors.source_spec import RestSource
from pipelines import source_guard
from pipelines.commit import batch_id_of, commit, recover
from pipelines.deployment import Deployment
from pipelines.effort import Effort
from pipelines.erased import graves, keep_out, keep_out_of_lines
from pipelines.faults import keep_trace
from pipelines.landing_trouble import backfill_trouble, lease_trouble, machine_trouble, stopped_trouble, storage_told
from pipelines.ledger import acceptances, batches, evidence, leases, runs
from pipelines.ledger.database import Ledger
from pipelines.ledger.leases import Lease, LeaseHeld, LeaseLost
from pipelines.mentions import Graves
from pipelines.scratch import scratch_folder

# A holder that gets on with its work says so this often; who does not is taken for hung.
HEARTBEAT = timedelta(seconds=30)
# A delivery of which this is wrong was begun and is not whole.
INCOMPLETE = ("partial", "truncated", "pages", "totals")
# Nothing is landed until somebody says that the source is right as it is.
HOLDING = ("other_source", "rolled_back", "emptied")


@dataclass
class Landing:
    """What a landing came to. `trouble` is set when it did not end well; batches committed before it stand."""

    feed: str
    batch_ids: list[str] = field(default_factory=list)
    rows_read: int = 0
    rows_landed: int = 0
    rows_rejected: int = 0
    rows_reread: int = 0
    rows_repeated: int | None = None
    undeclared_columns: list[str] = field(default_factory=list)
    missing_columns: list[str] = field(default_factory=list)
    trouble: FeedTrouble | None = None


def land_feed(deployment: Deployment, contract: FeedContract, *, since: datetime | None = None) -> Landing:
    """Bring the feed's landing folder up to date with its source. Trouble is returned, not raised.

    With `since` it is a backfill: what lies between that moment and the cursor is read again. It moves neither cursor
    nor high-water marks, and does not count as having verified the source.
    """
    landing = Landing(contract.feed)
    with Ledger(deployment.home.ledger) as ledger:
        try:
            with (
                storage_told(contract.feed),
                leases.held(
                    ledger,
                    f"feed:{contract.feed}",
                    clock=deployment.clock,
                    patience=deployment.patience,
                    sleep=deployment.sleep,
                ) as lease,
            ):
                _LandingRun(deployment, ledger, contract, lease, landing, since).land()
        except (LeaseHeld, LeaseLost) as refusal:
            landing.trouble = lease_trouble(contract.feed, refusal)
            is_held = isinstance(refusal, LeaseHeld)
            holder = refusal.holder if isinstance(refusal, LeaseHeld) else "a run that took over"
            now = deployment.clock()
            leases.record_refusal(ledger, contract.feed, "held" if is_held else "lost", holder, now)
        except FeedTrouble as trouble:
            landing.trouble = trouble
        except sqlite3.OperationalError:  # the ledger's, and without it no feed comes in
            raise
        except Exception as error:  # a fault of the program in one feed must not keep the others from their data
            fact, trace = keep_trace(deployment, contract.feed, error)
            step = f"What was landed is safe; the next sync tries again; {trace}"
            landing.trouble = FeedTrouble(contract.feed, fact, step, kind="stopped")
    return landing


class _LandingRun:
    """One run of landing, under the feed's lease."""

    def __init__(
        self,
        deployment: Deployment,
        ledger: Ledger,
        contract: FeedContract,
        lease: Lease,
        landing: Landing,
        since: datetime | None,
    ) -> None:
        self.deployment, self.ledger, self.contract = deployment, ledger, contract
        self.lease, self.landing, self.since = lease, landing, since
        self.kind: BatchKind = "live" if since is None else "backfill"
        self.folder = LandingFolder(deployment.home.landing, contract)
        self.run_id = runs.next_run_id(ledger, contract.feed)
        self.probe: Probe | None = None
        self.clock = self.renewed_at = deployment.clock()
        self.clock_offset: timedelta | None = None
        self.acceptance = acceptances.last_acceptance(ledger, contract.feed)
        self.window = Window()
        self.previous: Manifest | None = None
        self.cursor_before: str | None = None
        self.incoming = Path()
        self.meter = Meter()

    def land(self) -> None:
        """Open the run, read, commit, close the run; trouble goes into the landing."""
        with self.deployment.stopwatch.measured() as effort:
            self._land(effort)

    def _land(self, effort: Effort) -> None:
        contract, now = self.contract, self.deployment.clock()
        opening = runs.RunOpening(self.run_id, contract.feed, self.kind, self.lease.token, contract.version, now)
        runs.open_run(self.ledger, opening, contract.model_dump_json())
        recover(self.ledger, self.folder)
        committed = self.folder.committed()
        if committed:
            self.previous = self.folder.manifest(committed[-1])
            self.cursor_before = self.previous.cursor_after
        try:
            with opened_source(contract, self.deployment, self.meter) as source:
                probe = self._ask(source)
                source_guard.check_source(self.ledger, contract, probe, self.previous, self.acceptance)
                self.clock = probe.clock or now
                self.window = self._window()
                self._read(source)
                if isinstance(contract.source, RestSource) and contract.source.probe is None:
                    self._ask(source)  # an endpoint's clock and what it claims to have come with its answers
            if self.kind == "live":
                self._record_probe()
            self._forget_old_bytes()
        except FeedTrouble as trouble:
            self._note(trouble)
            if trouble.kind == "denied":
                evidence.record_credentials(self.ledger, contract.feed, "denied", trouble.fact, self.deployment.clock())
        except (OSError, duckdb.Error, MemoryError) as error:
            self.landing.trouble = machine_trouble(contract.feed, error)
        except BaseException as error:
            self.landing.trouble = self.landing.trouble or stopped_trouble(contract.feed, error)
            raise
        finally:
            self.folder.sweep()
            runs.close_run(self.ledger, self.run_id, self._closing(effort))

    def _ask(self, source: SourceReader) -> Probe:
        """Have the source tell of itself, and compare its clock with ours."""
        now = self.deployment.clock()
        self.probe = source.probe(before=believed_until(self.contract.cursor, now))
        if self.probe.clock is not None:
            self.clock_offset = self.probe.clock - now
        return self.probe

    def _window(self) -> Window:
        cursor = self.contract.cursor
        if self.since is None:
            return next_window(cursor, self.cursor_before, self.clock)
        if cursor is None or cursor.type == "integer" or self.contract.source.kind == "files":
            raise backfill_trouble(self.contract.feed, "it has no cursor of times to go back by")
        if self.cursor_before is None:
            raise backfill_trouble(self.contract.feed, "it was never synced, so there is nothing to read again")
        return backfill_window(cursor, self.cursor_before, self.since)

    def _renew(self) -> None:
        """Say that this run gets on. DuckDB asks for rows from threads of its own, so the ledger is opened anew."""
        now = self.deployment.clock()
        if now - self.renewed_at >= HEARTBEAT:
            self.renewed_at = now
            with Ledger(self.deployment.home.ledger) as ledger:
                leases.renew(ledger, self.lease, now)

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
                self._note(trouble)
            self.incoming = self.folder.incoming(self._batch_id(batch_seq))

    def _note(self, trouble: FeedTrouble) -> None:
        self.landing.trouble = self.landing.trouble or trouble
        if isinstance(trouble, ColumnsMissing):
            self.landing.missing_columns += trouble.missing
            self._see_undeclared(trouble.undeclared)

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
            kind=self.kind,
            may_be_empty=source_guard.is_accepted(self.acceptance, self.previous),
            progress=self._renew,
            keep_out=self._keep_out,
            keep_out_of_lines=self._keep_out_of_lines,
        )
        written = self.folder.write(delivery, self.incoming, request)
        self.landing.rows_read += written.rows_read
        self.landing.rows_reread += written.rows_reread
        if written.rows_repeated is not None:
            self.landing.rows_repeated = (self.landing.rows_repeated or 0) + written.rows_repeated
        self._see_undeclared(written.receipt.undeclared_columns)
        if written.batch is None:
            return 0
        commit(self.ledger, self.lease, written.batch, self.run_id)
        self.previous = written.batch.manifest
        self.landing.batch_ids.append(self.previous.batch_id)
        self.landing.rows_landed += self.previous.row_count
        self.landing.rows_rejected += self.previous.reject_count
        return 1

    @cached_property
    def _graves(self) -> Graves | None:
        # Nobody is erased while a feed lands: an erasure waits for the leases of all.
        return graves(self.ledger)

    def _keep_out(self, table: Path) -> bool:
        scratch = self.incoming.parent / "erased.duckdb"
        return self._graves is not None and keep_out(table, scratch, self.contract, self._graves)

    def _keep_out_of_lines(self, rejects: Path) -> bool:
        return self._graves is not None and keep_out_of_lines(rejects, self._graves)

    def _see_undeclared(self, names: Sequence[str]) -> None:
        self.landing.undeclared_columns = list(dict.fromkeys([*self.landing.undeclared_columns, *names]))

    def _batch_id(self, batch_seq: int) -> str:
        return batch_id_of(self.contract, batch_seq)

    def _raw_folder(self) -> Path:
        return self.incoming / RAW_FOLDER

    def _is_landed(self, file: FileIdentity) -> bool:
        return batches.is_file_landed(self.ledger, self.contract.feed, file.name, file.byte_count, file.modified_at)

    def _record_probe(self) -> None:
        """Write down what the source said of itself, and that it let us in."""
        if self.probe is None:
            return
        now = self.deployment.clock()
        evidence.record_probe(self.ledger, self.contract.feed, self.run_id, now=now, **vars(self.probe))
        evidence.record_credentials(self.ledger, self.contract.feed, "accepted", "it was read", now)

    def _forget_old_bytes(self) -> None:
        """Remove raw bytes that the contract's retention no longer covers. They hold personal data like the rest."""
        now = self.deployment.clock()
        limit = now.astimezone(UTC) - self.contract.retention.raw
        for batch_id in batches.batches_with_raw_bytes(self.ledger, self.contract.feed, limit):
            self.folder.remove_raw(batch_id)
            batches.mark_raw_removed(self.ledger, batch_id, now)

    def _closing(self, effort: Effort) -> runs.RunClosing:
        wall_ms, cpu_ms = effort.milliseconds()
        trouble, now, landing = self.landing.trouble, self.deployment.clock(), self.landing
        status: runs.RunStatus
        if trouble is None:
            status = "OK" if landing.batch_ids else "EMPTY_OK"
        elif trouble.kind in HOLDING:
            status = "HELD"
        else:
            status = "PARTIAL" if trouble.kind in INCOMPLETE or landing.batch_ids else "FAILED"
        return runs.RunClosing(
            status=status,
            ended_at=now,
            window_lower=cursor_text(self.window.lower),
            window_upper=cursor_text(self.window.upper),
            cursor_before=self.cursor_before,
            cursor_after=self.previous.cursor_after if self.previous else None,
            source_identity=self.probe.identity if self.probe else None,
            clock_offset_seconds=self.clock_offset.total_seconds() if self.clock_offset is not None else None,
            rows_read=landing.rows_read,
            rows_landed=landing.rows_landed,
            rows_rejected=landing.rows_rejected,
            rows_reread=landing.rows_reread,
            rows_repeated=landing.rows_repeated,
            requests=self.meter.requests,
            byte_count=self.meter.byte_count,
            wall_ms=wall_ms,
            cpu_ms=cpu_ms,
            undeclared_columns=landing.undeclared_columns,
            credentials_end=source_guard.credentials_end(self.contract, self.deployment.environment),
            missing_columns=landing.missing_columns,
            error_kind=trouble.kind if trouble else None,
            error=f"{trouble.fact}. {trouble.next_step}" if trouble else None,
        )


def check_source(deployment: Deployment, contract: FeedContract) -> FeedTrouble | None:
    """Connect to the feed's source and begin to read it, without landing anything; what is wrong, or None."""
    try:
        with opened_source(contract, deployment) as source, scratch_folder(deployment.home) as folder:
            clock = source.probe().clock or deployment.clock()
            window = next_window(contract.cursor, None, clock)
            for delivery in source.deliveries(window, is_landed=lambda _file: False, raw_folder=lambda: folder):
                next(iter(delivery.reader), None)  # a source that asks page by page is asked only now
                break
    except FeedTrouble as trouble:
        return trouble
    return None


@contextmanager
def opened_source(contract: FeedContract, deployment: Deployment, meter: Meter | None = None) -> Iterator[SourceReader]:
    """The feed's source, for the length of the block; `meter` counts what it is asked. Raises FeedTrouble."""
    source = open_source(contract, deployment.environment, sleep=deployment.sleep, meter=meter)
    try:
        yield source
    finally:
        source.close()
