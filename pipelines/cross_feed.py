"""Count in the warehouse what only several feeds together tell, and write it down for those who watch.

A row waits for its parent only until the parent's feed was read some time after the row had landed: two feeds that are
read seconds apart always differ by what happened in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from connectors.contract import FeedContract
from pipelines.column_rules import all_types
from pipelines.deployment import Deployment
from pipelines.freshness.history import SPAN
from pipelines.freshness.status import feed_statuses
from pipelines.ledger import batches, links
from pipelines.ledger.database import Ledger
from pipelines.writing import writing
from warehouse.connection import open_warehouse
from warehouse.links import End, compare_totals, count_followed, count_orphans
from warehouse.staging import ensure_schema

if TYPE_CHECKING:
    import duckdb

# A parent may be committed at its source a little after its child; readers of the source see it by then.
SHORTEST_GRACE = timedelta(hours=1)
# What waits for its parent is counted again this often though nothing new was staged: its parent's feed was read since.
RECOUNTED = timedelta(hours=1)
# How long children are waited for, in days: those who come later are no sign of what comes now.
OLDEST_AGE = 7
# So much earlier than the first read a day begins: a later read may be a little earlier on its day.
EARLIER = timedelta(hours=1)
DAY = timedelta(days=1)


def count_across(deployment: Deployment) -> None:
    """Count in the warehouse, where something was staged since the last count or that is `RECOUNTED` ago.

    Nothing is counted where no contract names a feed to count with.

    Raises:
        leases.LeaseHeld, warehouse.connection.WarehouseBusy: somebody writes the warehouse.
    """
    home = deployment.home
    counts = any(one.watch.parents or one.watch.totals_with for one in deployment.catalog.values())
    if not counts or not home.warehouse.exists():
        return
    with Ledger(home.ledger) as ledger:
        if _is_due(ledger, deployment.clock()):
            _count_across(deployment, ledger)


def _is_due(ledger: Ledger, now: datetime) -> bool:
    counted_at, staged_at = links.last_counted(ledger), batches.last_staged(ledger)
    if counted_at is None or staged_at is None:
        return staged_at is not None
    return staged_at >= counted_at or now - counted_at >= RECOUNTED


def _count_across(deployment: Deployment, ledger: Ledger) -> None:
    with (
        writing(deployment, ledger),
        open_warehouse(deployment.home.root) as connection,
    ):
        now = deployment.clock()
        statuses = feed_statuses(ledger, deployment.catalog, now)
        verified = {status.feed: status.verified_at for status in statuses if status.verified_at}
        ensure_schema(connection, all_types())
        record_cross_feed(connection, ledger, deployment.catalog, verified, now)
        links.record_counting(ledger, now)


def record_cross_feed(
    connection: duckdb.DuckDBPyConnection,
    ledger: Ledger,
    catalog: Mapping[str, FeedContract],
    verified: Mapping[str, datetime],
    now: datetime,
) -> None:
    """Count orphans, control totals and children of every feed. `verified`: feed → when its source was last read."""
    for contract in catalog.values():
        found = list(_links(connection, catalog, contract, verified, now))
        totals = list(_totals(connection, catalog, contract, verified, now))
        links.record_links(ledger, contract.feed, found, totals)
        known = links.newest_followed(ledger, contract.feed)
        followed = _followed(connection, catalog, contract, verified, known, now)
        links.record_followed(
            ledger, contract.feed, followed, conditions=contract.watch.followed_when, forget_before=now - SPAN
        )


def _links(
    connection: duckdb.DuckDBPyConnection,
    catalog: Mapping[str, FeedContract],
    contract: FeedContract,
    verified: Mapping[str, datetime],
    now: datetime,
) -> Iterator[links.LinkDay]:
    for column, name in contract.watch.parents.items():
        parent = catalog.get(name)
        if parent is None or name not in verified:
            continue
        until = verified[name] - _grace(parent)
        event_time = contract.canonical.event_time
        days = count_orphans(
            connection, _end(contract), column, _end(parent), event_time=event_time, since=now - SPAN, until=until
        )
        for day in days:
            yield links.LinkDay(
                parent=name,
                column=column,
                landed_on=datetime.combine(day.day, time(), UTC),
                rows=day.rows,
                orphans=day.orphans,
                oldest_at=day.oldest_at.replace(tzinfo=UTC) if day.oldest_at else None,
                counted_at=now,
            )


def _followed(
    connection: duckdb.DuckDBPyConnection,
    catalog: Mapping[str, FeedContract],
    contract: FeedContract,
    verified: Mapping[str, datetime],
    known: Mapping[str, datetime],
    now: datetime,
) -> Iterator[links.FollowDay]:
    """Parents of whole days and those that have a child, by how many days later both sources were last read.

    A day begins at the hour at which one was first counted (`known`), so that the newest is over when it is read.
    """
    for column, name in contract.watch.parents.items():
        parent = catalog.get(name)
        if parent is None or parent.canonical.event_time is None or not {contract.feed, name} <= set(verified):
            continue
        reached = min(verified[contract.feed] - _grace(contract), verified[name] - _grace(parent)).astimezone(UTC)
        begin = known.get(column) or (reached - EARLIER).replace(minute=0, second=0, microsecond=0)
        until = begin + (reached - begin) // DAY * DAY
        days = count_followed(
            connection,
            _end(contract),
            column,
            _end(parent),
            event_time=parent.canonical.event_time,
            when=contract.watch.followed_when.get(column),
            since=until - (OLDEST_AGE + 1) * DAY,
            until=until,
        )
        for day in days:
            yield links.FollowDay(name, column, until - (day.age + 1) * DAY, day.age, day.parents, day.followed, now)


def _totals(
    connection: duckdb.DuckDBPyConnection,
    catalog: Mapping[str, FeedContract],
    contract: FeedContract,
    verified: Mapping[str, datetime],
    now: datetime,
) -> Iterator[links.TotalDay]:
    pair = contract.watch.totals_with
    parent = catalog.get(pair.feed) if pair else None
    if pair is None or parent is None or parent.canonical.event_time is None:
        return
    if not {contract.feed, parent.feed} <= set(verified):
        return
    reached = min(verified[contract.feed] - _grace(contract), verified[parent.feed] - _grace(parent))
    days = compare_totals(
        connection,
        _end(contract),
        pair.column,
        _end(parent),
        pair.parent_total,
        through=pair.through(contract.watch),
        when=pair.when,
        event_time=parent.canonical.event_time,
        since=now - SPAN,
        until=reached,
    )
    for day in days:
        yield links.TotalDay(parent.feed, datetime.combine(day.day, time(), UTC), day.parents, day.differing, now)


def _end(contract: FeedContract) -> End:
    return End(contract.feed, contract.entity, contract.system)


def _grace(contract: FeedContract) -> timedelta:
    overlap = contract.cursor.overlap + contract.cursor.lag if contract.cursor else timedelta(0)
    return max(SHORTEST_GRACE, overlap)
