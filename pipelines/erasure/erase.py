"""Erase customers from all that a home holds: landing, staging, quarantine, identity, marts, ledger, published file.

Each step may be killed and done again. The request is written down first; what the search afterwards needs is kept in
a file that only the owner reads, until the erasure is done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from pipelines import refresh
from pipelines.column_rules import all_types
from pipelines.deployment import Deployment
from pipelines.erasure.certificate import Certificate
from pipelines.erasure.copies import forget_marts, redact_ledger, redact_texts, rewrite_warehouse
from pipelines.erasure.kept import Kept
from pipelines.erasure.landed import FromLanding, erase_landed
from pipelines.erasure.named import redact_warehouse
from pipelines.erasure.remains import search
from pipelines.erasure.staged import count, count_staged, erase_staged, find_held
from pipelines.erasure.subject import Traces, find_rows, find_traces, follow_rows, names_of_their_own
from pipelines.identity.erasure import EraseRefused, find_records
from pipelines.identity.tables import ensure_schema
from pipelines.ledger import erasures, evidence, leases
from pipelines.ledger.database import Ledger, existing_ledger
from pipelines.ledger.erasures import Erasure
from pipelines.ledger.home_secrets import home_secret
from pipelines.mentions import Graves, tombstone
from pipelines.redaction import Redaction
from pipelines.trouble import Trouble
from pipelines.writing import require_warehouse, writing
from warehouse import connection as warehouse_files
from warehouse import history, quarantine, staging

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Request:
    """Who asked for what. `reason` may name a request, never the person."""

    customer_ids: tuple[str, ...]
    reason: str
    asked_by: str


def erase_customers(deployment: Deployment, request: Request) -> Certificate:
    """Erase customers and certify it.

    Raises:
        EraseRefused: an id was never given, is merged into another, or was erased before; nothing was changed.
        Trouble: there is no warehouse yet (NothingThere), or an erasure that was cut off waits to be resumed.
        leases.LeaseHeld: somebody lands a feed or writes the warehouse.
    """
    home, now = deployment.home, deployment.clock()
    require_warehouse(home)
    with existing_ledger(home.ledger) as ledger:
        if waiting := unfinished(ledger):
            raise Trouble(waiting.erasure_id, "this erasure was cut off", "Run c360 erase --resume first.")
        with _alone(deployment, ledger):
            _check(deployment, request.customer_ids)
            number = len(erasures.erasures(ledger)) + 1
            erasure_id = f"erasure-{now.astimezone(UTC):%Y%m%d}-{number:04d}"
            asked = Erasure(erasure_id, request.customer_ids, request.reason, request.asked_by, now)
            erasures.begin(ledger, asked)
    return resume(deployment, asked)


def unfinished(ledger: Ledger) -> Erasure | None:
    """The erasure that was begun and not ended, if there is one."""
    return next((one for one in erasures.erasures(ledger) if not one.is_ended), None)


def resume(deployment: Deployment, asked: Erasure) -> Certificate:
    """Carry out a request that is written down, from wherever a former attempt came to."""
    kept = deployment.home.root / f".{asked.erasure_id}.json"
    certificate = Certificate(**asked.certificate) if asked.certificate else _carry_out(deployment, asked, kept)
    kept.unlink(missing_ok=True)
    with existing_ledger(deployment.home.ledger) as ledger:
        erasures.end(ledger, asked.erasure_id, deployment.clock())
    return certificate


def _carry_out(deployment: Deployment, asked: Erasure, kept: Path) -> Certificate:
    """All but forgetting what is kept for the search; certified in the ledger."""
    home = deployment.home
    with existing_ledger(home.ledger) as ledger:
        with _alone(deployment, ledger):
            known, landed, named = _erase(deployment, ledger, asked, kept)
            rewrite_warehouse(home)
            forget_marts(home)
        refreshed = refresh.refresh(deployment, is_purge=True)
    redact = Redaction(known.traces.references().__contains__)
    texts = redact_ledger(home.ledger, redact) + redact_texts(home, redact)
    found = search(home, known.traces, aside=kept)
    certificate = Certificate.of(asked, deployment.clock(), landed, known, named, texts, refreshed.snapshot_id, found)
    with existing_ledger(home.ledger) as ledger:
        erasures.certify(ledger, asked.erasure_id, certificate.facts())
    return certificate


@contextmanager
def _alone(deployment: Deployment, ledger: Ledger) -> Iterator[None]:
    """Nobody lands a feed or writes the warehouse meanwhile."""
    with ExitStack() as stack:
        for feed in sorted(deployment.catalog):
            held = leases.held(
                ledger, f"feed:{feed}", clock=deployment.clock, patience=deployment.patience, sleep=deployment.sleep
            )
            stack.enter_context(held)
        stack.enter_context(writing(deployment, ledger))
        yield


def _check(deployment: Deployment, customer_ids: Sequence[str]) -> None:
    with warehouse_files.open_warehouse(deployment.home.root) as connection:
        ensure_schema(connection)
        find_records(connection, customer_ids)


def _erase(
    deployment: Deployment, ledger: Ledger, asked: Erasure, kept: Path
) -> tuple[Kept, FromLanding, dict[str, int]]:
    """Landing first: what is to go from it is found by what the warehouse knows."""
    with warehouse_files.open_warehouse(deployment.home.root) as connection:
        staging.ensure_schema(connection, all_types())
        ensure_schema(connection)
        # First, so that no later refresh takes in of the file that they stand in now.
        history.remember(connection, deployment.home.published)
        salt = home_secret(ledger, "erasure")
        try:
            find_records(connection, asked.customer_ids)
        except EraseRefused:
            # A former attempt came as far as the warehouse, and what belongs to them is no longer known there.
            known = Kept.read(kept)
            landed = erase_landed(deployment, ledger, _graves(ledger, salt), known.traces, {})
        else:
            find_rows(connection)
            find_held(connection, find_traces(connection), deployment.catalog.values())
            # What refers to a held row is theirs as well, and says no more that somebody else has its values.
            follow_rows(connection)
            traces, staged = find_traces(connection), count_staged(connection)
            held = find_held(connection, traces, deployment.catalog.values())
            known = Kept(traces, count(connection, staged, deployment.catalog.values()))
            known.write(kept)
            erasures.bury(ledger, asked.erasure_id, _tombstones(connection, salt, traces))
            landed = erase_landed(deployment, ledger, _graves(ledger, salt), traces, held)
            for entity, feed, rows in staged:
                erasures.count_as_gone(ledger, f"{feed}/{asked.erasure_id}/{entity}", feed, rows, asked.began_at)
            erase_staged(
                connection, asked.customer_ids,
                now=asked.began_at, run_id=asked.erasure_id, actor=asked.asked_by, reason=asked.reason,
            )  # fmt: skip
        named = redact_warehouse(connection, deployment.catalog.values(), _graves(ledger, salt))
        _count_held(deployment, ledger, connection)
    return known, landed, named


def _graves(ledger: Ledger, salt: str) -> Graves:
    return Graves(salt, frozenset(erasures.tombstones(ledger)))


def _tombstones(connection: duckdb.DuckDBPyConnection, salt: str, traces: Traces) -> list[str]:
    """Of all rows that were found, and of what tells the erased from everybody else."""
    traced = pa.table({"reference": pa.array(traces.references(), pa.string())})
    connection.register("traced", traced)
    rows = connection.execute(
        f"""SELECT DISTINCT {tombstone(salt, "reference")}
            FROM (FROM erased_reference UNION ALL FROM traced UNION ALL {names_of_their_own()})"""
    ).fetchall()
    connection.unregister("traced")
    return [mark for (mark,) in rows]


def _count_held(deployment: Deployment, ledger: Ledger, connection: duckdb.DuckDBPyConnection) -> None:
    """Tell the ledger how many rows each feed has in quarantine now."""
    for feed in deployment.catalog:
        held, oldest = quarantine.count_held(connection, feed)
        evidence.record_held_rows(ledger, feed, held, oldest, deployment.clock())
