"""Write down what a staged batch holds: a profile of each column, and in how many rows something is wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connectors.contract import FeedContract
from connectors.manifest import Manifest
from pipelines.column_rules import CHANGE_TIME, closed_sets, column_rules, entity_types
from pipelines.judge import Judged
from pipelines.ledger.breaches import BreachRecord, record_breaches
from pipelines.ledger.database import Ledger
from pipelines.ledger.profiles import ColumnProfile, record_profiles
from warehouse import staging
from warehouse.breaches import Breach, count_breaches
from warehouse.profiling import profile_batch

if TYPE_CHECKING:
    import duckdb


def record_contents(
    connection: duckdb.DuckDBPyConnection,
    ledger: Ledger,
    contract: FeedContract,
    one: Judged,
    manifest: Manifest,
    *,
    applied: staging.Tally,
    now: datetime,
) -> None:
    """Profile the columns that the feed fills and count breaches, all rows of the batch included.

    `one` is the batch as it was cast and judged, `applied` where the merge put its rows.
    """
    types = entity_types(contract.canonical)
    filled = {rule.name: types[rule.name] for rule in column_rules(contract)}
    landed_at = datetime.fromisoformat(manifest.landed_at).astimezone(UTC)
    with staging.scratch_attached(connection, one.scratch, one.failures):
        profiles = profile_batch(connection, filled, landed_at=landed_at, segments=contract.watch.segments)
        breaches = count_breaches(connection, closed_sets(contract))
    if applied.new_ages and contract.canonical.event_time in profiles:
        profiles[contract.canonical.event_time]["new_ages"] = applied.new_ages
    names = ", ".join(contract.watch.immutable)
    if applied.rows_reused:
        breaches.append(Breach("key_reused", "key_reused", names, applied.rows_reused))
    if applied.rows_shifted:
        breaches.append(Breach("shifted", "shifted", names, applied.rows_shifted, code=str(applied.shift_seconds)))
    if applied.rows_restamped:
        breaches.append(Breach("restamped", "restamped", CHANGE_TIME, applied.rows_restamped))
    record_profiles(
        ledger,
        contract.feed,
        [ColumnProfile(one.batch_id, column, **facts) for column, facts in profiles.items()],  # type: ignore[arg-type]
        now,
    )
    record_breaches(
        ledger,
        contract.feed,
        [BreachRecord(one.batch_id, b.kind, b.rule, b.columns, b.code, b.rows) for b in breaches],
        now,
    )
