"""The way to readers: what they were shown last → identity → status of every feed → models → audit → publish."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connectors.contract import FeedContract
from connectors.entities import Entity, load_entities
from pipelines import costs, usage
from pipelines.collected_columns import write_collected_columns
from pipelines.column_rules import all_types
from pipelines.deployment import Deployment
from pipelines.freshness.status import FeedStatus, feed_statuses
from pipelines.identity import full_match
from pipelines.identity.churn import Limit, Report, limit_of
from pipelines.identity.records import EntityRoles
from pipelines.identity.resolve import Resolution, preview, resolve
from pipelines.ledger import batches, evidence, judging, leases, publications, rematching, work
from pipelines.ledger.database import Ledger, existing_ledger, moment, stamp
from pipelines.ledger.home_secrets import home_secret
from pipelines.superseded import forget_superseded
from pipelines.trouble import Trouble
from pipelines.writing import require_warehouse, writing
from warehouse import connection as warehouse_files
from warehouse import history, quarantine, staging
from warehouse.moments import utc

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Refreshed:
    """What a refresh came to."""

    snapshot_id: str
    resolution: Resolution
    statuses: list[FeedStatus]
    customers: int


def refresh_reason(deployment: Deployment, ledger: Ledger) -> str | None:
    """Why the published file should be renewed now, or None when it still tells the truth. Reads the ledger alone."""
    last = publications.last_publication(ledger)
    if last is None and not batches.is_any_staged(ledger):
        return None
    if last is None or not (deployment.home.published.exists() and deployment.home.masked.exists()):
        return "nothing is published yet"
    now = deployment.clock()
    statuses = feed_statuses(ledger, deployment.catalog, now)
    if last.fingerprint != _fingerprint(ledger, statuses):
        return "what was staged, judged or matched anew, or the status of a feed, changed"
    for status in statuses:
        shown = moment(last.verified.get(status.feed))
        # Readers compute ages from what was published, so news of a verified feed must reach them before its promise
        # runs out; half of the promise leaves room for a refresh that fails.
        if shown and status.verified_at and status.verified_at > shown and now - shown > status.promise / 2:
            return f"{status.feed} was verified again and readers' promise is about to run out"
    return None


def refresh(deployment: Deployment, *, is_purge: bool = False) -> Refreshed:
    """Resolve identities, rebuild the models, audit and publish. After a purge, tables may have lost any share of rows.

    Raises:
        NothingThere: nothing was ever synced here.
        Trouble: nothing was ever staged, and an empty file would look like an answer.
        leases.LeaseHeld: another run writes the warehouse.
        warehouse.models.MartTrouble: a model or its test failed; the published file stays.
        warehouse.publish.PublishRefused: the audit failed; the published file stays.
        full_match.Refused: the rules are others than before and affect too many customers; the published file stays.
    """
    with _writing(deployment) as (ledger, lease):
        return _refresh(deployment, ledger, lease, is_purge=is_purge)


def rematch(deployment: Deployment) -> Refreshed:
    """As `refresh`, with all records matched anew.

    Raises as `refresh`, and:
        full_match.Refused: it affects too many customers.
        NothingThere: there is no warehouse yet.
    """
    require_warehouse(deployment.home)
    with _writing(deployment) as (ledger, lease):
        # Before the warehouse commits: of a kill in between, a refresh with nothing to do is the better half.
        rematching.note(ledger, deployment.clock())
        return _refresh(deployment, ledger, lease, is_rematch=True)


def preview_rematch(deployment: Deployment, *, most: int) -> Report:
    """What `rematch` would do to the customers there are, to `most` of them one by one. Nothing is written.

    Raises:
        leases.LeaseHeld: another run writes the warehouse.
        NothingThere: there is no warehouse yet.
    """
    home, now, limit = deployment.home, deployment.clock(), limit_of(deployment.churn_limit)
    require_warehouse(home)
    with _writing(deployment), warehouse_files.open_warehouse(home.root) as connection:
        staging.ensure_schema(connection, all_types())
        return preview(connection, entities=_entities(), now=now, run_id="preview", limit=limit, most=most)


def refresh_if_due(deployment: Deployment) -> Refreshed | None:
    """As `refresh`, when there is a reason to; None when the published file still tells the truth."""
    with existing_ledger(deployment.home.ledger) as ledger:
        if refresh_reason(deployment, ledger) is None:
            return None
    with _writing(deployment) as (ledger, lease):
        # Asked again: another run may have refreshed while this one waited for the warehouse.
        if refresh_reason(deployment, ledger) is None:
            return None
        return _refresh(deployment, ledger, lease)


@contextmanager
def _writing(deployment: Deployment) -> Iterator[tuple[Ledger, leases.Lease]]:
    """The ledger, and the right to write the warehouse."""
    with existing_ledger(deployment.home.ledger) as ledger, writing(deployment, ledger) as lease:
        yield ledger, lease


def _refresh(
    deployment: Deployment,
    ledger: Ledger,
    lease: leases.Lease,
    *,
    is_rematch: bool = False,
    is_purge: bool = False,
) -> Refreshed:
    began_at = deployment.clock()
    with deployment.stopwatch.measured() as effort:
        try:
            return _refreshed(deployment, ledger, lease, began_at, is_rematch=is_rematch, is_purge=is_purge)
        finally:
            work.record_work(ledger, "refresh", began_at, effort)


def _refreshed(
    deployment: Deployment, ledger: Ledger, lease: leases.Lease, now: datetime, *, is_rematch: bool, is_purge: bool
) -> Refreshed:
    statuses = feed_statuses(ledger, deployment.catalog, now)
    fingerprint = _fingerprint(ledger, statuses)
    snapshot_id = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{fingerprint[:8]}"
    last = publications.last_publication(ledger)
    if last is None and not batches.is_any_staged(ledger):
        fact = "nothing was ever staged here, so there is nothing to publish"
        raise Trouble("refresh", fact, "See c360 status for what keeps the feeds, then run c360 sync.")
    published_at = moment(last.published_at) if last else None
    with warehouse_files.open_warehouse(deployment.home.root) as connection:
        history.remember(connection, deployment.home.published)
        usage.count(connection, deployment.home, now)
        costs.count(connection, ledger)
        forget_settled_rows(connection, deployment.catalog.values(), now)
        forget_superseded(connection, ledger, deployment.home.landing, deployment.catalog.values(), now)
        resolution = identify(
            connection, now=now, run_id=snapshot_id, limit=limit_of(deployment.churn_limit), is_rematch=is_rematch
        )
        merged = full_match.merged_since(connection, published_at, last.snapshot_id) if last and published_at else 0
        write_feed_marks(connection, statuses, snapshot_id, now)
        write_collected_columns(connection, deployment.catalog.values())
    try:
        build_models(deployment)
        leases.check(ledger, lease)
        mask_key = deployment.mask_key or home_secret(ledger, "masking")
        customers = publish_snapshot(deployment, mask_key, merged_customers=merged, is_purge=is_purge)
    finally:
        # What did not get to readers would keep a full disk full, and the next build begins with none.
        warehouse_files.remove_database(warehouse_files.marts_path(deployment.home.root))
    verified = {status.feed: stamp(status.verified_at) for status in statuses if status.verified_at}
    publications.record_publication(
        ledger, publications.Publication(snapshot_id, fingerprint, stamp(now), verified, customers)
    )
    for status in statuses:
        evidence.advance_mark(
            ledger, status.feed, stage="published", clock="event", value=status.as_of, run_id=snapshot_id, now=now
        )
    return Refreshed(snapshot_id, resolution, statuses, customers)


def forget_settled_rows(
    connection: duckdb.DuckDBPyConnection, contracts: Iterable[FeedContract], now: datetime
) -> None:
    """Forget what settled rows held, as far as contracts say for how long it is kept."""
    quarantine.ensure_schema(connection)
    for contract in contracts:
        if kept := contract.retention.quarantine:
            quarantine.forget_settled(connection, feed=contract.feed, before=now - kept)


def identify(
    connection: duckdb.DuckDBPyConnection,
    *,
    now: datetime,
    run_id: str,
    limit: Limit | None = None,
    is_rematch: bool = False,
) -> Resolution:
    """Work out who is who, in an open warehouse. See `resolve`."""
    staging.ensure_schema(connection, all_types())
    return resolve(connection, entities=_entities(), now=now, run_id=run_id, limit=limit, is_rematch=is_rematch)


def build_models(deployment: Deployment) -> None:
    """Rebuild the marts; the warehouse must be closed."""
    from warehouse import models

    models.build(deployment.home.root)


def publish_snapshot(deployment: Deployment, mask_key: str, *, merged_customers: int, is_purge: bool = False) -> int:
    """Audit the marts and put them in the place that readers open, masked as well; the number of customers published.

    `merged_customers` were merged away by full matches since the last time, which somebody or the limit let through.
    After a purge any share of the rows may be gone.
    """
    from warehouse import masking, publish

    allowed_shrink = 1.0 if is_purge else publish.ALLOWED_SHRINK
    audit = publish.audit(deployment.home.root, allowed_shrink=allowed_shrink, merged_customers=merged_customers)
    published = publish.publish(deployment.home.root, audit)
    masking.write_masked(deployment.home.root, mask_key, published.path)
    with warehouse_files.open_reader(deployment.home.published) as connection:
        ((customers,),) = connection.execute("SELECT count(*) FROM customer_360").fetchall()
    return int(customers)


def write_feed_marks(
    connection: duckdb.DuckDBPyConnection, statuses: list[FeedStatus], snapshot_id: str, now: datetime
) -> None:
    """Replace ops.feed_mark and ops.snapshot, from which the models take every age and status."""
    if not statuses:
        raise Trouble("refresh", "no contract is in force", "Add one under connectors/ or name a folder with --feeds.")
    warehouse_files.ensure_ops_schema(connection)
    columns = ", ".join(f'"{name}"' for name in _mark(statuses[0]))
    places = ", ".join("?" for _ in _mark(statuses[0]))
    connection.execute("BEGIN")
    connection.execute("DELETE FROM ops.feed_mark")
    connection.execute("DELETE FROM ops.snapshot")
    connection.executemany(
        f"INSERT INTO ops.feed_mark ({columns}) VALUES ({places})", [list(_mark(s).values()) for s in statuses]
    )
    versions = json.dumps({status.feed: status.contract_version for status in statuses})
    connection.execute(
        "INSERT INTO ops.snapshot (snapshot_id, snapshot_at, contract_versions) VALUES (?, ?, ?)",
        [snapshot_id, _utc(now), versions],
    )
    connection.execute("COMMIT")


def _entities() -> dict[str, EntityRoles]:
    return {name: entity_roles(entity) for name, entity in load_entities().items()}


def entity_roles(entity: Entity) -> EntityRoles:
    """What identity needs to know of an entity."""
    roles = {role: tuple(columns) for role, columns in entity.identity_roles().items()}
    return EntityRoles(entity.entity, entity.key, roles, entity.event_time)


def _mark(status: FeedStatus) -> dict[str, object]:
    return {
        "feed": status.feed,
        "source_system": status.source_system,
        "entity": status.entity,
        "owner": status.owner,
        "description": status.description,
        "status": status.status,
        "status_reason": status.reason,
        "as_of": _utc(status.as_of),
        "verified_at": _utc(status.verified_at),
        "last_attempt_at": _utc(status.last_attempt_at),
        "last_error": status.last_error,
        "last_batch_id": status.last_batch_id,
        "last_loaded_at": _utc(status.last_loaded_at),
        "promise_seconds": int(status.promise.total_seconds()),
        "grace_seconds": int(status.grace.total_seconds()),
        "schedule": status.schedule,
        "next_due_at": _utc(status.next_due_at),
        "held_rows": status.rows_held,
        "rows_staged": status.rows_staged,
        "is_complete": status.is_complete,
        "contract_version": status.contract_version,
    }


def _utc(value: datetime | None) -> datetime | None:
    """A moment as the warehouse keeps it: UTC without a zone."""
    return utc(value) if value else None


def _fingerprint(ledger: Ledger, statuses: list[FeedStatus]) -> str:
    shown = [(s.feed, s.status, s.contract_version, s.rows_held) for s in statuses]
    inputs = (
        batches.staging_version(ledger),
        judging.judging_version(ledger),
        rematching.rematching_version(ledger),
        shown,
    )
    return hashlib.sha256(repr(inputs).encode()).hexdigest()
