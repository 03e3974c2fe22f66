"""Links between feeds as they were last counted in the warehouse, and what staging held then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pipelines.ledger.database import Ledger, moment, stamp


@dataclass(frozen=True)
class LinkDay:
    """Rows of a feed that landed on a day and name a parent in `column`, and those whose parent is not there."""

    parent: str
    column: str
    landed_on: datetime
    rows: int
    orphans: int
    oldest_at: datetime | None
    counted_at: datetime


@dataclass(frozen=True)
class TotalDay:
    """Parents that landed on a day, or whose children in this feed last did, and those that differ from their sum."""

    parent: str
    day: datetime
    parents: int
    differing: int
    counted_at: datetime


@dataclass(frozen=True)
class FollowDay:
    """Parents of the 24 hours from `day` on, and those that had a child `age` days after these were over."""

    parent: str
    column: str
    day: datetime
    age: int
    parents: int
    followed: int
    counted_at: datetime


@dataclass(frozen=True)
class StagedCount:
    """Rows that staging holds of a feed's entity and source system, and those that the ledger counted there.

    `trouble`: why nothing of the warehouse can be read, so that it holds none.
    """

    staged: int
    tallied: int
    counted_at: datetime
    trouble: str | None = None


def last_counted(ledger: Ledger) -> datetime | None:
    """When it was last counted across feeds."""
    row = ledger.row("SELECT counted_at FROM across_count")
    return moment(row["counted_at"]) if row else None


def record_counting(ledger: Ledger, now: datetime) -> None:
    """Write down that it was counted across feeds."""
    ledger.write("INSERT OR REPLACE INTO across_count VALUES (1, ?)", stamp(now))


def record_links(ledger: Ledger, feed: str, links: Iterable[LinkDay], totals: Iterable[TotalDay]) -> None:
    """Replace what was counted of a feed's links before."""
    with ledger.transaction() as connection:
        connection.execute("DELETE FROM feed_link WHERE feed = ?", (feed,))
        connection.execute("DELETE FROM feed_total WHERE feed = ?", (feed,))
        connection.executemany(
            "INSERT INTO feed_link VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    feed,
                    link.parent,
                    link.column,
                    stamp(link.landed_on),
                    link.rows,
                    link.orphans,
                    stamp(link.oldest_at) if link.oldest_at else None,
                    stamp(link.counted_at),
                )
                for link in links
            ],
        )
        connection.executemany(
            "INSERT INTO feed_total VALUES (?, ?, ?, ?, ?, ?)",
            [(feed, t.parent, stamp(t.day), t.parents, t.differing, stamp(t.counted_at)) for t in totals],
        )


def record_followed(
    ledger: Ledger,
    feed: str,
    followed: Iterable[FollowDay],
    *,
    conditions: Mapping[str, str],
    forget_before: datetime,
) -> None:
    """Add what was counted of days at an age; what is known of a day at that age stays.

    Older days are forgotten, and so is what was counted under another condition than the column has in `conditions`
    now: other parents were counted then.
    """
    counted = list(followed)
    with ledger.transaction() as connection:
        connection.execute("DELETE FROM feed_follow WHERE feed = ? AND day < ?", (feed, stamp(forget_before)))
        connection.executemany(
            "DELETE FROM feed_follow WHERE feed = ? AND column_name = ? AND condition <> ?",
            [(feed, column, conditions.get(column, "")) for column in {one.column for one in counted}],
        )
        connection.executemany(
            "INSERT OR IGNORE INTO feed_follow VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    feed,
                    one.parent,
                    one.column,
                    conditions.get(one.column, ""),
                    stamp(one.day),
                    one.age,
                    one.parents,
                    one.followed,
                    stamp(one.counted_at),
                )
                for one in counted
            ],
        )


def record_count(ledger: Ledger, feed: str, count: StagedCount) -> None:
    """Write down what staging holds beside what the ledger counted."""
    ledger.write(
        "INSERT OR REPLACE INTO feed_count VALUES (?, ?, ?, ?, ?)",
        feed,
        count.staged,
        count.tallied,
        stamp(count.counted_at),
        count.trouble,
    )


def read_links(ledger: Ledger, feed: str) -> tuple[LinkDay, ...]:
    """The feed's links by column and day, oldest first."""
    return tuple(
        LinkDay(
            row["parent"],
            row["column_name"],
            datetime.fromisoformat(row["landed_on"]),
            row["row_count"],
            row["orphans"],
            moment(row["oldest_at"]),
            datetime.fromisoformat(row["counted_at"]),
        )
        for row in ledger.rows("SELECT * FROM feed_link WHERE feed = ? ORDER BY column_name, landed_on", feed)
    )


def read_totals(ledger: Ledger, feed: str) -> tuple[TotalDay, ...]:
    """The feed's control totals by parent and day, oldest first."""
    return tuple(
        TotalDay(
            row["parent"],
            datetime.fromisoformat(row["day"]),
            row["parents"],
            row["differing"],
            datetime.fromisoformat(row["counted_at"]),
        )
        for row in ledger.rows("SELECT * FROM feed_total WHERE feed = ? ORDER BY parent, day", feed)
    )


def read_followed(ledger: Ledger, feed: str) -> tuple[FollowDay, ...]:
    """How many parents had a child, by column, day and age, oldest first."""
    return tuple(
        FollowDay(
            row["parent"],
            row["column_name"],
            datetime.fromisoformat(row["day"]),
            row["age"],
            row["parents"],
            row["followed"],
            datetime.fromisoformat(row["counted_at"]),
        )
        for row in ledger.rows("SELECT * FROM feed_follow WHERE feed = ? ORDER BY column_name, day, age", feed)
    )


def newest_followed(ledger: Ledger, feed: str) -> dict[str, datetime]:
    """Column → when the newest 24 hours begin of which it was counted how many parents had a child."""
    rows = ledger.rows("SELECT column_name, max(day) AS day FROM feed_follow WHERE feed = ? GROUP BY 1", feed)
    return {row["column_name"]: datetime.fromisoformat(row["day"]) for row in rows}


def read_count(ledger: Ledger, feed: str) -> StagedCount | None:
    """What staging held at the last refresh; None before the first."""
    row = ledger.row("SELECT * FROM feed_count WHERE feed = ?", feed)
    if row is None:
        return None
    return StagedCount(row["staged"], row["tallied"], datetime.fromisoformat(row["counted_at"]), row["trouble"])
