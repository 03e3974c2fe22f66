"""Validate and stage what was landed: cast → judge → merge, one transaction a batch. Also brings held rows back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connectors.contract import FeedContract
from connectors.delivery import FeedTrouble
from connectors.landing import LandingFolder
from connectors.manifest import Manifest
from expectations.suites import SuiteTrouble
from expectations.validation import RuleResult, ValidationTrouble
from pipelines.column_rules import CHANGE_TIME, all_types, column_rules
from pipelines.contents import record_contents
from pipelines.deployment import Deployment
from pipelines.judge import Judged, ToJudge, groups, judged
from pipelines.ledger import batches, evidence, leases
from pipelines.ledger.batches import Tally
from pipelines.ledger.database import Ledger, existing_ledger
from pipelines.ledger.evidence import CheckRecord
from pipelines.writing import require_warehouse, writing
from warehouse import quarantine, staging
from warehouse.absence import ShrinkRefused
from warehouse.batch import Batch
from warehouse.casting import CastTrouble
from warehouse.connection import WarehouseBusy, WarehouseUnreadable, open_warehouse

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class StagedBatch:
    """One batch that reached staging, where its rows went, and how its rules were judged."""

    batch_id: str
    tally: Tally
    checks: list[CheckRecord]


def stage_pending(deployment: Deployment, contract: FeedContract) -> Iterator[StagedBatch]:
    """Stage every landed batch of the feed that is not staged yet, oldest first.

    Raises:
        FeedTrouble: a batch is held, the contract does not fit what was landed, or the warehouse is busy. Batches
            before it are staged.
    """
    with Ledger(deployment.home.ledger) as ledger:
        if not batches.pending_batches(ledger, contract.feed):
            return
        with Staging(deployment, ledger, contract).opened() as staging_run:
            # Asked again: another run may have staged them while this one waited for the warehouse.
            yield from staging_run.stage(batches.pending_batches(ledger, contract.feed))


def release_rows(
    deployment: Deployment, contract: FeedContract, held_ids: Sequence[str] | None = None
) -> list[StagedBatch]:
    """Cast and judge held rows of a feed again, under today's contract and rules; stage those that pass now.

    Raises:
        NothingThere: nothing was ever staged here.
        FeedTrouble: as in `stage_pending`.
        quarantine.QuarantineTrouble: a chosen row is not held, or could never be read.
    """
    require_warehouse(deployment.home)
    with (
        existing_ledger(deployment.home.ledger) as ledger,
        Staging(deployment, ledger, contract).opened() as staging_run,
    ):
        return staging_run.release(held_ids)


class Staging:
    """Staging of one feed, with the warehouse open for this run alone while it is `opened`."""

    def __init__(self, deployment: Deployment, ledger: Ledger, contract: FeedContract) -> None:
        self.deployment, self.ledger, self.contract = deployment, ledger, contract
        self.folder = LandingFolder(deployment.home.landing, contract)
        self.connection: duckdb.DuckDBPyConnection

    @contextmanager
    def opened(self) -> Iterator[Staging]:
        """Take the warehouse's lease and open it."""
        deployment, next_sync = self.deployment, "What was landed is staged by the next sync."
        try:
            with (
                writing(deployment, self.ledger),
                open_warehouse(deployment.home.root) as self.connection,
            ):
                staging.ensure_schema(self.connection, all_types())
                yield self
        except leases.LeaseHeld as held:
            fact = f"the warehouse is being written ({held.holder})"
            raise FeedTrouble(self.contract.feed, fact, next_sync, kind="busy", is_retryable=True) from held
        except WarehouseBusy as busy:
            raise FeedTrouble(self.contract.feed, str(busy), next_sync, kind="busy", is_retryable=True) from busy
        except WarehouseUnreadable as damaged:
            raise FeedTrouble(self.contract.feed, str(damaged), next_sync, kind="storage") from damaged

    def stage(self, batch_ids: Sequence[str]) -> Iterator[StagedBatch]:
        """Judge and apply landed batches in their order.

        A full delivery that is held does not keep back those after it: a later one takes its place.
        """
        held: FeedTrouble | None = None
        manifests = {batch_id: self.folder.manifest(batch_id) for batch_id in batch_ids}
        waiting = [
            ToJudge(
                batch_id,
                self.folder.table(batch_id),
                manifest.row_count,
                says_gone=is_current(self.contract, manifest),
            )
            for batch_id, manifest in manifests.items()
        ]
        for group in groups(waiting):
            with self.troubles_told(), judged(self.deployment, self.contract, group) as (batches_judged, results):
                checks = [_check(result) for result in results]
                for one in batches_judged:
                    try:
                        staged = self._apply(one, manifests[one.batch_id], checks if one is batches_judged[-1] else [])
                    except FeedTrouble as trouble:
                        if trouble.kind != "held":
                            raise
                        held = held or trouble
                        continue
                    yield staged
        if held is not None:
            raise held

    def release(self, held_ids: Sequence[str] | None) -> list[StagedBatch]:
        """Judge and apply held rows again, batch by batch."""
        staged: list[StagedBatch] = []
        for release in quarantine.release_batch(self.connection, feed=self.contract.feed, held_ids=held_ids):
            number = batches.release_count(self.ledger, release.batch_id) + 1
            release_id = batches.release_id(release.batch_id, number)
            rows = release.row_numbers
            manifest, landed = self.folder.manifest(release.batch_id), self.folder.table(release.batch_id)
            again = ToJudge(release_id, landed, len(rows), rows, says_gone=is_current(self.contract, manifest))
            with self.troubles_told(), judged(self.deployment, self.contract, [again]) as ((one,), results):
                staged.append(self._apply(one, manifest, [_check(result) for result in results]))
        return staged

    def merge(self, one: Judged, manifest: Manifest) -> staging.Tally:
        """Merge one judged batch into staging, or rows of it under another batch id. Raises FeedTrouble when held."""
        contract = self.contract
        is_release = one.batch_id != manifest.batch_id
        is_full = contract.delivery == "snapshot" and manifest.kind == "live" and not is_release
        try:
            return staging.apply_batch(
                self.connection,
                one.scratch,
                self.folder.table(manifest.batch_id),
                Batch(
                    batch_id=one.batch_id,
                    feed=contract.feed,
                    entity=contract.entity,
                    source_system=contract.system,
                    batch_seq=manifest.batch_seq,
                    landed_at=datetime.fromisoformat(manifest.landed_at),
                    release_of=manifest.batch_id if is_release else None,
                    is_current=is_current(contract, manifest),
                    later_seqs=() if manifest.sequence is None else self._later_seqs(manifest),
                ),
                one.failures,
                now=self.deployment.clock(),
                rejects=self.folder.rejects(manifest.batch_id),
                is_full=is_full,
                deletes_absent=is_full and contract.deletes.policy == "snapshot",
                max_shrink=contract.deletes.max_shrink,
                immutable=contract.watch.immutable,
                event_time=contract.canonical.event_time,
            )
        except ShrinkRefused as refused:
            batches.mark_held(self.ledger, manifest.batch_id, str(refused))
            fact = f"batch {manifest.batch_id} is held: {refused}"
            raise FeedTrouble(contract.feed, fact, "Readers keep the data before it.", kind="held") from refused

    def _apply(self, one: Judged, manifest: Manifest, checks: list[CheckRecord]) -> StagedBatch:
        """Merge one judged batch, and write down where its rows went. `checks` speak for its group."""
        contract, now = self.contract, self.deployment.clock()
        applied = self.merge(one, manifest)
        tally = as_counted(applied)
        if one.batch_id == manifest.batch_id:  # rows that come back from quarantine say nothing new of the delivery
            record_contents(
                self.connection,
                self.ledger,
                contract,
                one,
                manifest,
                applied=applied,
                now=now,
            )
        evidence.record_checks(self.ledger, contract.feed, one.batch_id, checks, now)
        if manifest.kind == "live":  # what a backfill or reconcile brings says nothing about how current the feed is
            self._advance_marks(manifest)
        held, oldest = quarantine.count_held(self.connection, contract.feed)
        evidence.record_held_rows(self.ledger, contract.feed, held, oldest, now)
        batches.mark_staged(self.ledger, one.batch_id, contract.feed, tally, now)
        return StagedBatch(one.batch_id, tally, checks)

    def _later_seqs(self, manifest: Manifest) -> tuple[int, ...]:
        return batches.numbered_after(self.ledger, self.contract.feed, manifest.batch_seq)

    @contextmanager
    def troubles_told(self) -> Iterator[None]:
        """Tell what kept batches out of staging in the terms of their feed."""
        try:
            yield
        except CastTrouble as trouble:
            step = "Correct the contract; the batch is landed and is staged by the next sync."
            raise FeedTrouble(self.contract.feed, str(trouble), step, kind="contract") from trouble
        except (SuiteTrouble, ValidationTrouble, staging.ConservationBroken, staging.SchemaConflict) as trouble:
            step = "Nothing of the batch was staged; it stays landed."
            raise FeedTrouble(self.contract.feed, str(trouble), step, kind="broken") from trouble

    def _advance_marks(self, manifest: Manifest) -> None:
        """Move the staged marks to the newest event and change of the batch; without either, to when it was read."""
        contract = self.contract
        event_time = contract.canonical.event_time
        event = f'max("{event_time}")' if event_time else "CAST(NULL AS TIMESTAMP)"
        ((newest_event, newest_change),) = self.connection.execute(
            f'SELECT {event}, max(_changed_at) FROM staging."{contract.entity}" WHERE _batch_id = ? AND _feed = ?',
            [manifest.batch_id, contract.feed],
        ).fetchall()
        landed_at = datetime.fromisoformat(manifest.landed_at).astimezone(UTC)
        found = {"event": newest_event, "change": newest_change}
        if not {event_time, CHANGE_TIME} & {rule.name for rule in column_rules(contract)}:
            found = {"arrival": landed_at.replace(tzinfo=None)}
        for clock, value in found.items():
            # An appointment or a promise may lie ahead; data are never newer than the moment at which they arrived.
            reached = min(value.replace(tzinfo=UTC), landed_at) if value else None
            evidence.advance_mark(
                self.ledger,
                contract.feed,
                stage="staged",
                clock=clock,
                value=reached,
                run_id=manifest.batch_id,
                now=self.deployment.clock(),
            )


def is_current(contract: FeedContract, manifest: Manifest) -> bool:
    """Whether the rows are what the source held when they landed; a file delivered again may be an old one."""
    return manifest.kind == "reconcile" and contract.source.kind != "files"


def as_counted(applied: staging.Tally) -> Tally:
    """Where a merge put the rows, as far as the ledger counts it."""
    return Tally(**{field.name: getattr(applied, field.name) for field in fields(Tally)})


def _check(result: RuleResult) -> CheckRecord:
    verdict: evidence.Verdict = result.verdict
    if verdict == "FAIL" and result.severity == "tell":
        verdict = "WARN"
    return CheckRecord(
        check_name=result.rule,
        column_name=result.column,
        severity=result.severity,
        verdict=verdict,
        checked=result.checked,
        failed=result.failed,
        reason=result.reason,
    )
