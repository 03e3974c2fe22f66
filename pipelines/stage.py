"""Validate and stage what was landed: cast → judge → merge, one transaction a batch. Also brings held rows back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.contract import FeedContract
from connectors.delivery import FeedTrouble
from connectors.landing import LandingFolder
from connectors.manifest import Manifest
from expectations.suites import SuiteTrouble
from expectations.validation import RuleResult, Validation, ValidationTrouble, validate
from pipelines.column_rules import (
    CHANGE_TIME,
    all_types,
    column_rules,
    entity_facts,
    entity_types,
    personal_columns,
)
from pipelines.deployment import Deployment
from pipelines.ledger import batches, evidence, leases
from pipelines.ledger.batches import Tally
from pipelines.ledger.database import Ledger
from pipelines.ledger.evidence import CheckRecord
from warehouse import quarantine, staging
from warehouse.casting import CastTrouble, cast_batch
from warehouse.connection import WarehouseBusy, open_warehouse

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
        pending = batches.pending_batches(ledger, contract.feed)
        if not pending:
            return
        folder = LandingFolder(deployment.home.landing, contract)
        with _writing(deployment, ledger, contract) as connection:
            for batch_id in pending:
                yield _stage(deployment, ledger, contract, folder, connection, folder.manifest(batch_id))


def release_rows(
    deployment: Deployment, contract: FeedContract, held_ids: Sequence[str] | None = None
) -> list[StagedBatch]:
    """Cast and judge held rows of a feed again, under today's contract and rules; stage those that pass now.

    Raises:
        FeedTrouble: as in `stage_pending`.
        quarantine.QuarantineTrouble: a chosen row is not held, or could never be read.
    """
    staged: list[StagedBatch] = []
    with Ledger(deployment.home.ledger) as ledger:
        folder = LandingFolder(deployment.home.landing, contract)
        with _writing(deployment, ledger, contract) as connection:
            for release in quarantine.release_batch(connection, feed=contract.feed, held_ids=held_ids):
                before = ledger.row(
                    "SELECT count(*) AS n FROM stage_tally WHERE batch_id LIKE ?", f"{release.batch_id}/release-%"
                )
                number = (before["n"] if before else 0) + 1
                staged.append(
                    _stage(
                        deployment,
                        ledger,
                        contract,
                        folder,
                        connection,
                        folder.manifest(release.batch_id),
                        release_id=f"{release.batch_id}/release-{number}",
                        only_rows=release.row_numbers,
                    )
                )
    return staged


@contextmanager
def _writing(deployment: Deployment, ledger: Ledger, contract: FeedContract) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, open for this run alone."""
    try:
        with (
            leases.held(
                ledger, "warehouse", clock=deployment.clock, patience=deployment.patience, sleep=deployment.sleep
            ),
            open_warehouse(deployment.home.root) as connection,
        ):
            staging.ensure_schema(connection, all_types())
            yield connection
    except leases.LeaseHeld as held:
        fact, step = f"the warehouse is being written ({held.holder})", "What was landed is staged by the next sync."
        raise FeedTrouble(contract.feed, fact, step, kind="busy", is_retryable=True) from held
    except WarehouseBusy as busy:
        step = "What was landed is staged by the next sync."
        raise FeedTrouble(contract.feed, str(busy), step, kind="busy", is_retryable=True) from busy


def _stage(
    deployment: Deployment,
    ledger: Ledger,
    contract: FeedContract,
    folder: LandingFolder,
    connection: duckdb.DuckDBPyConnection,
    manifest: Manifest,
    *,
    release_id: str | None = None,
    only_rows: Sequence[int] | None = None,
) -> StagedBatch:
    now, batch_id = deployment.clock(), release_id or manifest.batch_id
    batch = staging.Batch(
        batch_id=batch_id,
        feed=contract.feed,
        entity=contract.entity,
        source_system=contract.system,
        batch_seq=manifest.batch_seq,
        landed_at=datetime.fromisoformat(manifest.landed_at),
        release_of=manifest.batch_id if release_id else None,
    )
    landed = folder.table(manifest.batch_id)
    with _scratch(deployment, batch_id) as scratch, _as_feed_trouble(ledger, contract, manifest):
        validation = _judge(deployment, contract, landed, scratch, batch_id, only_rows, now)
        tally = _ledger_tally(
            staging.apply_batch(
                connection,
                scratch,
                landed,
                batch,
                validation.failures,
                now=now,
                rejects=folder.rejects(manifest.batch_id),
                is_full=contract.delivery == "snapshot" and release_id is None,
                deletes_absent=contract.deletes.policy == "snapshot" and release_id is None,
                max_shrink=contract.deletes.max_shrink,
            )
        )
    checks = [_check(result) for result in validation.results]
    evidence.record_checks(ledger, contract.feed, batch_id, checks, now)
    _advance_marks(ledger, contract, connection, manifest, now)
    held = connection.execute(
        "SELECT count(*) FROM quarantine.held_row WHERE feed = ? AND status = 'held'", [contract.feed]
    ).fetchall()
    evidence.record_held_rows(ledger, contract.feed, held[0][0], now)
    batches.mark_staged(ledger, batch_id, contract.feed, tally, now)
    return StagedBatch(batch_id, tally, checks)


def _judge(
    deployment: Deployment,
    contract: FeedContract,
    landed: Path,
    scratch: Path,
    batch_id: str,
    only_rows: Sequence[int] | None,
    now: datetime,
) -> Validation:
    entity = contract.canonical
    cast_batch(
        landed,
        scratch,
        rules=column_rules(contract),
        types=entity_types(entity),
        key=entity.key,
        masked=personal_columns(entity),
        deleted_when=contract.deletes.when,
        test_when=contract.test_rows,
        only_rows=only_rows,
    )
    return validate(
        scratch,
        entity_facts(contract),
        feed=contract.feed,
        batch_id=batch_id,
        now=now,
        docs_folder=deployment.home.data_docs,
    )


@contextmanager
def _scratch(deployment: Deployment, batch_id: str) -> Iterator[Path]:
    """A scratch database for one batch, gone afterwards."""
    deployment.home.work.mkdir(parents=True, exist_ok=True)
    path = deployment.home.work / f"{batch_id.replace('/', '-')}.duckdb"
    try:
        yield path
    finally:
        for leftover in (path, path.with_name(path.name + ".wal")):
            leftover.unlink(missing_ok=True)


@contextmanager
def _as_feed_trouble(ledger: Ledger, contract: FeedContract, manifest: Manifest) -> Iterator[None]:
    """Tell what kept a batch out of staging in the terms of its feed."""
    try:
        yield
    except staging.ShrinkRefused as refused:
        batches.mark_held(ledger, manifest.batch_id, str(refused))
        fact = f"batch {manifest.batch_id} is held: {refused}"
        raise FeedTrouble(contract.feed, fact, "Readers keep the data before it.", kind="held") from refused
    except CastTrouble as trouble:
        step = "Correct the contract; the batch is landed and is staged by the next sync."
        raise FeedTrouble(contract.feed, str(trouble), step, kind="contract") from trouble
    except (SuiteTrouble, ValidationTrouble, staging.ConservationBroken, staging.SchemaConflict) as trouble:
        step = "Nothing of the batch was staged; it stays landed."
        raise FeedTrouble(contract.feed, str(trouble), step, kind="broken") from trouble


def _advance_marks(
    ledger: Ledger,
    contract: FeedContract,
    connection: duckdb.DuckDBPyConnection,
    manifest: Manifest,
    now: datetime,
) -> None:
    """Move the staged marks to the newest event and change of the batch; in a feed that has neither, to when it was read."""
    event_time = contract.canonical.event_time
    event = f'max("{event_time}")' if event_time else "CAST(NULL AS TIMESTAMP)"
    ((newest_event, newest_change),) = connection.execute(
        f'SELECT {event}, max(_changed_at) FROM staging."{contract.entity}" WHERE _batch_id = ? AND _feed = ?',
        [manifest.batch_id, contract.feed],
    ).fetchall()
    landed_at = datetime.fromisoformat(manifest.landed_at)
    found = {"event": newest_event, "change": newest_change}
    if not {event_time, CHANGE_TIME} & {rule.name for rule in column_rules(contract)}:
        found = {"arrival": landed_at.astimezone(UTC).replace(tzinfo=None)}
    for clock, value in found.items():
        # An appointment or a promise may lie ahead; data are never newer than the moment at which they arrived.
        reached = min(value.replace(tzinfo=UTC), landed_at.astimezone(UTC)) if value else None
        evidence.advance_mark(
            ledger, contract.feed, stage="staged", clock=clock, value=reached, run_id=manifest.batch_id, now=now
        )


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


def _ledger_tally(tally: staging.Tally) -> Tally:
    return Tally(**{field.name: getattr(tally, field.name) for field in fields(Tally)})
