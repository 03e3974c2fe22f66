"""Count in the warehouse what only several feeds together tell, and write it down for those who watch.

A row waits for its parent only until the parent's feed was read some time after the row had landed: two feeds that are
read seconds apart always differ by what happened in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from connectors.contract import FeedContract
from pipelines.freshness.history import SPAN
from pipelines.ledger import links
from pipelines.ledger.database import Ledger
from warehouse.links import End, compare_totals, count_orphans

if TYPE_CHECKING:
    import duckdb

# A parent may be committed at its source a little after its child; readers of the source see it by then.
SHORTEST_GRACE = timedelta(hours=1)


def record_cross_feed(
    connection: duckdb.DuckDBPyConnection,
    ledger: Ledger,
    catalog: Mapping[str, FeedContract],
    verified: Mapping[str, datetime],
    now: datetime,
) -> None:
    """Count orphans and control totals of every feed. `verified`: feed → when its source was last read."""
    for contract in catalog.values():
        found = list(_links(connection, catalog, contract, verified, now))
        totals = list(_totals(connection, catalog, contract, verified, now))
        links.record_links(ledger, contract.feed, found, totals)


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
        for day in count_orphans(connection, _end(contract), column, _end(parent), since=now - SPAN, until=until):
            yield links.LinkDay(
                parent=name,
                column=column,
                landed_on=datetime.combine(day.day, time(), UTC),
                rows=day.rows,
                orphans=day.orphans,
                oldest_at=day.oldest_at.replace(tzinfo=UTC) if day.oldest_at else None,
                counted_at=now,
            )


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
        event_time=parent.canonical.event_time,
        since=now - SPAN,
        until=datetime.combine(reached.astimezone(UTC).date(), time(), UTC),
    )
    for day in days:
        yield links.TotalDay(parent.feed, datetime.combine(day.day, time(), UTC), day.parents, day.differing, now)


def _end(contract: FeedContract) -> End:
    return End(contract.feed, contract.entity, contract.system)


def _grace(contract: FeedContract) -> timedelta:
    overlap = contract.cursor.overlap + contract.cursor.lag if contract.cursor else timedelta(0)
    return max(SHORTEST_GRACE, overlap)
