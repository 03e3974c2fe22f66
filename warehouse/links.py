"""What only several feeds together tell: rows whose parent is not there, and parents that differ from their children.

Belongs here: counting, in staging. Does not belong here: which feeds belong together (contracts), and how many are too
many.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from warehouse.cast_sql import key_part, quoted
from warehouse.moments import utc


@dataclass(frozen=True)
class End:
    """One end of a link: a feed, and where its rows are staged."""

    feed: str
    entity: str
    source_system: str

    @property
    def table(self) -> str:
        """The staging table."""
        return f"staging.{quoted(self.entity)}"


@dataclass(frozen=True)
class OrphanDay:
    """Rows of a child feed that landed on a day (UTC) and name a parent, and those of them that find none."""

    day: date
    rows: int
    orphans: int
    oldest_at: datetime | None


@dataclass(frozen=True)
class TotalDay:
    """Parents whose last row, of theirs and their children's, landed on a day (UTC), and those whose total differs."""

    day: date
    parents: int
    differing: int


@dataclass(frozen=True)
class FollowDay:
    """Parents of 24 hours by their event time, which ended `age` days ago, and those of them that have a child."""

    age: int
    parents: int
    followed: int


def count_orphans(
    connection: duckdb.DuckDBPyConnection,
    child: End,
    column: str,
    parent: End,
    *,
    event_time: str | None,
    since: datetime,
    until: datetime,
) -> list[OrphanDay]:
    """Live rows of `child` landed since `since`, by day, whose `column` names no staged row of `parent`.

    Counted are rows that were there before `until`: by when they changed or came about (`event_time`), or where the
    source tells neither, by when they landed. A parent that is held in quarantine or deleted at its source is known, so
    its children are no orphans.
    """
    event = f"c.{quoted(event_time)}" if event_time else "NULL"
    rows = connection.execute(
        f"""
        SELECT CAST(c._landed_at AS DATE) AS day, count(*),
            count(*) FILTER (is_orphan), min(c._landed_at) FILTER (is_orphan)
        FROM (
            SELECT c._landed_at, p._key IS NULL AND h._key IS NULL AS is_orphan
            FROM {child.table} c
            LEFT JOIN (SELECT _key FROM {parent.table} WHERE _source_system = $system) p
                ON p._key = {_as_key("c", column)}
            LEFT JOIN (
                SELECT DISTINCT _key FROM quarantine.held_row WHERE feed = $parent AND status = 'held'
            ) h ON h._key = {_as_key("c", column)}
            WHERE c._feed = $child AND NOT c._is_deleted AND c.{quoted(column)} IS NOT NULL
                AND c._landed_at >= $since AND least(c._landed_at, coalesce(c._changed_at, {event})) <= $until
        ) c GROUP BY day ORDER BY day
        """,
        {
            "system": parent.source_system,
            "parent": parent.feed,
            "child": child.feed,
            "since": utc(since),
            "until": utc(until),
        },
    ).fetchall()
    return [OrphanDay(*row) for row in rows]


def compare_totals(
    connection: duckdb.DuckDBPyConnection,
    child: End,
    column: str,
    parent: End,
    parent_total: str,
    *,
    through: str,
    when: str | None,
    event_time: str,
    since: datetime,
    until: datetime,
) -> list[TotalDay]:
    """Live parents with `event_time` from `since` to `until`, against the sum of their children.

    They are counted by the day on which the last row of either side landed: what one delivery changed stands together,
    however old the parents are that it is of.

    The children's `column` is summed by `through`, which holds the parent's key, and compared exactly with
    `parent_total`, an expression over the parent's columns; `when` says which children are added up. Parents without a
    total, without children, or with a child without a value are left out, as other checks speak of these, and so are
    those that changed, or whose children did, at or after `until`: one side may not have been read since.
    """
    rows = connection.execute(
        f"""
        SELECT CAST(greatest(p._landed_at, c.landed_at) AS DATE) AS day, count(*),
            count(*) FILTER (p._total <> c.total)
        FROM (SELECT *, {parent_total} AS _total FROM {parent.table}) p JOIN (
            SELECT {_as_key("l", through)} AS _key, sum({quoted(column)}) AS total, max(_landed_at) AS landed_at
            FROM {child.table} l
            WHERE _feed = $child AND NOT _is_deleted AND ({when or "true"})
            GROUP BY ALL
            HAVING count(*) = count({quoted(column)}) AND coalesce(max(_changed_at) < $until, true)
        ) c ON c._key = p._key
        WHERE p._feed = $parent AND NOT p._is_deleted AND p._total IS NOT NULL
            AND p.{quoted(event_time)} >= $since AND p.{quoted(event_time)} < $until
            AND coalesce(p._changed_at < $until, true)
        GROUP BY day ORDER BY day
        """,
        {"child": child.feed, "parent": parent.feed, "since": utc(since), "until": utc(until)},
    ).fetchall()
    return [TotalDay(*row) for row in rows]


def count_followed(
    connection: duckdb.DuckDBPyConnection,
    child: End,
    column: str,
    parent: End,
    *,
    event_time: str,
    when: str | None,
    since: datetime,
    until: datetime,
) -> list[FollowDay]:
    """Live parents with `event_time` from `since` to `until`, by 24 hours back from `until`, and those that `column`
    of a live child names. Oldest first. Only parents are counted for which `when`, an expression over their columns, is
    true."""
    rows = connection.execute(
        f"""
        SELECT CAST((epoch_us($until::TIMESTAMP) - epoch_us(CAST(p.{quoted(event_time)} AS TIMESTAMP)) - 1)
                // {24 * 3600 * 10**6} AS INTEGER) AS age, count(*), count(c._key)
        FROM {parent.table} p LEFT JOIN (
            SELECT DISTINCT {_as_key("l", column)} AS _key FROM {child.table} l
            WHERE _feed = $child AND NOT _is_deleted
        ) c ON c._key = p._key
        WHERE p._feed = $parent AND NOT p._is_deleted
            AND p.{quoted(event_time)} >= $since AND p.{quoted(event_time)} < $until AND ({when or "true"})
        GROUP BY age ORDER BY age DESC
        """,
        {"child": child.feed, "parent": parent.feed, "since": utc(since), "until": utc(until)},
    ).fetchall()
    return [FollowDay(*row) for row in rows]


def count_staged(connection: duckdb.DuckDBPyConnection, entity: str) -> dict[str, int]:
    """Source system → rows of an entity in staging, deleted ones included."""
    rows = connection.execute(
        f"SELECT _source_system, count(*) FROM staging.{quoted(entity)} GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return dict(rows)


def _as_key(table: str, column: str) -> str:
    """A reference as the key of the row that it names."""
    return key_part(f"CAST({table}.{quoted(column)} AS VARCHAR)")
