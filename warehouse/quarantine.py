"""Rows put aside with rule, reason and first time; who decides on them, and what became of them.

Belongs here: the tables of schema `quarantine`, listing held rows, accepting and dismissing them, and naming the rows
that a release should bring back. Does not belong here: why a row fails (casting, expectations), and putting the rows
of a batch aside (`holding.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb
import pyarrow as pa

from warehouse.moments import utc

# The reason of a row whose values are no longer kept.
FORGOTTEN = "no longer kept"
UNREADABLE, TEST_ROW, OWN_ROW, KEY_MISSING = "unreadable", "test_row", "own_row", "key_missing"

_DDL = """
CREATE SCHEMA IF NOT EXISTS quarantine;
CREATE TABLE IF NOT EXISTS quarantine.held_row (
    held_id VARCHAR, feed VARCHAR, entity VARCHAR, source_system VARCHAR, _key VARCHAR, batch_id VARCHAR,
    row_number BIGINT, rules VARCHAR[], reasons VARCHAR[], payload JSON, first_held_at TIMESTAMP,
    status VARCHAR, settled_at TIMESTAMP, settled_by VARCHAR, changed_at TIMESTAMP, batch_seq BIGINT,
    settled_reason VARCHAR
);
ALTER TABLE quarantine.held_row ADD COLUMN IF NOT EXISTS settled_reason VARCHAR;
CREATE TABLE IF NOT EXISTS quarantine.accepted_rule (
    held_id VARCHAR, rule VARCHAR, accepted_by VARCHAR, reason VARCHAR, accepted_at TIMESTAMP
);
"""


class QuarantineTrouble(ValueError):
    """A decision that cannot be carried out: names the row, the fact and the next step."""


@dataclass(frozen=True)
class Release:
    """Rows of one landed batch to cast, judge and apply again."""

    batch_id: str
    row_numbers: tuple[int, ...]


def ensure_schema(connection: duckdb.DuckDBPyConnection) -> None:
    """Create quarantine.held_row (one row per landed row that was held) and quarantine.accepted_rule when absent.

    held_id is unique by construction; a primary key would reject changing a row twice in one transaction.
    """
    connection.execute(_DDL)


def list_held(connection: duckdb.DuckDBPyConnection, feed: str | None = None, limit: int | None = 100) -> pa.Table:
    """Rows still held, the oldest first, without their payload: held_id, feed, key, batch, row, rules, since."""
    return connection.sql(
        "SELECT held_id, feed, entity, _key, batch_id, row_number, rules, reasons, first_held_at "
        "FROM quarantine.held_row WHERE status = 'held' AND (?::VARCHAR IS NULL OR feed = ?) "
        "ORDER BY first_held_at, feed, batch_id, row_number, held_id LIMIT ?",
        params=[feed, feed, limit],
    ).to_arrow_table()


def summary(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """One row per feed and rule: row_count rows held by it, since oldest_at. A row held by two rules counts in both."""
    return connection.sql(
        "SELECT feed, rule, count(*) AS row_count, min(first_held_at) AS oldest_at FROM ("
        "SELECT feed, first_held_at, unnest(list_distinct(rules)) AS rule "
        "FROM quarantine.held_row WHERE status = 'held') GROUP BY feed, rule ORDER BY feed, rule"
    ).to_arrow_table()


def batches_with_held_rows(connection: duckdb.DuckDBPyConnection, feed: str) -> set[str]:
    """Landed batches of a feed with rows that wait for a decision: a release reads them again."""
    rows = connection.execute(
        "SELECT DISTINCT batch_id FROM quarantine.held_row WHERE feed = ? AND status = 'held'", [feed]
    ).fetchall()
    return {batch_id for (batch_id,) in rows}


def count_held(connection: duckdb.DuckDBPyConnection, feed: str) -> tuple[int, datetime | None]:
    """How many rows of a feed are held, and since when the oldest of them."""
    ((held, oldest),) = connection.execute(
        "SELECT count(*), min(first_held_at) FROM quarantine.held_row WHERE feed = ? AND status = 'held'", [feed]
    ).fetchall()
    return held, oldest and oldest.replace(tzinfo=UTC)


def forget_settled(connection: duckdb.DuckDBPyConnection, *, feed: str, before: datetime) -> int:
    """Forget what rows of a feed held that were settled before a moment; how many rows.

    That a row was held, by which rules and for how long, stays. Reasons go, as they quote values.
    """
    ((count,),) = connection.execute(
        "UPDATE quarantine.held_row SET payload = NULL, reasons = list_transform(rules, lambda rule: ?) "
        "WHERE feed = ? AND status <> 'held' AND settled_at < ? AND payload IS NOT NULL",
        [FORGOTTEN, feed, utc(before)],
    ).fetchall()
    return int(count)


def release_batch(
    connection: duckdb.DuckDBPyConnection, *, feed: str, held_ids: Sequence[str] | None = None
) -> list[Release]:
    """The held rows of a feed, or those chosen, by landed batch, oldest batch first: cast, judge and apply them again.

    Changes nothing. Unreadable lines have no row to cast and are left out. A row that was dismissed may be chosen.

    Raises:
        QuarantineTrouble: a chosen row is not held for this feed, or is an unreadable line.
    """
    rows = connection.execute(
        "SELECT batch_id, list(row_number ORDER BY row_number), list(held_id) FROM quarantine.held_row "
        "WHERE feed = $feed AND row_number IS NOT NULL AND CASE WHEN $ids::VARCHAR[] IS NULL THEN status = 'held' "
        "ELSE status IN ('held', 'dismissed') AND list_contains($ids::VARCHAR[], held_id) END "
        "GROUP BY batch_id, batch_seq ORDER BY batch_seq, batch_id",
        {"feed": feed, "ids": None if held_ids is None else list(held_ids)},
    ).fetchall()
    found = {held_id for row in rows for held_id in row[2]}
    missing = sorted(set(held_ids or ()) - found)
    if missing:
        raise QuarantineTrouble(
            f"{feed}: {', '.join(missing)} cannot be released: not held now, or a line that could not be read. List "
            "the held rows; an unreadable line needs a corrected delivery."
        )
    return [Release(str(batch_id), tuple(numbers)) for batch_id, numbers, _ in rows]


def accept_as_is(
    connection: duckdb.DuckDBPyConnection, held_ids: Sequence[str], *, accepted_by: str, reason: str, now: datetime
) -> None:
    """A steward's decision that the rules which hold these rows do not count for them; the next release stages them.

    Raises:
        QuarantineTrouble: a row is not held, no reason is given, or the row has a value that could not be read, no key,
            or is a test row or our own: then there is nothing that could be staged.
    """
    if not reason.strip() or not accepted_by.strip():
        raise QuarantineTrouble("accepting held rows needs a name and a reason. Give both.")
    _require_held(connection, held_ids)
    blocked = connection.execute(
        "SELECT held_id, rules FROM quarantine.held_row WHERE list_contains(?::VARCHAR[], held_id) AND (_key IS NULL "
        "OR len(list_filter(rules, lambda rule: ends_with(rule, '_cast') OR rule IN (?, ?, ?))) > 0) ORDER BY held_id",
        [list(held_ids), TEST_ROW, OWN_ROW, UNREADABLE],
    ).fetchall()
    if blocked:
        held_id, rules = blocked[0]
        raise QuarantineTrouble(
            f"{held_id} is held by {', '.join(rules)} and cannot be accepted as it is: there is no value to stage. "
            "Correct the row at the source, or the mapping in the contract, and release it."
        )
    connection.execute(
        "INSERT INTO quarantine.accepted_rule SELECT held_id, unnest(rules), ?, ?, ? FROM quarantine.held_row "
        "WHERE list_contains(?::VARCHAR[], held_id)",
        [accepted_by, reason, utc(now), list(held_ids)],
    )


def held_by(connection: duckdb.DuckDBPyConnection, feed: str, rule: str) -> list[str]:
    """The rows of a feed that a rule holds now, alone or with others, the oldest first.

    Raises:
        QuarantineTrouble: it holds none.
    """
    rows = connection.execute(
        "SELECT held_id FROM quarantine.held_row WHERE feed = ? AND status = 'held' AND list_contains(rules, ?) "
        "ORDER BY first_held_at, batch_seq, row_number, held_id",
        [feed, rule],
    ).fetchall()
    if not rows:
        raise QuarantineTrouble(f"{feed}: no row is held by {rule}. List the held rows and take a rule from there.")
    return [held_id for (held_id,) in rows]


def dismiss(
    connection: duckdb.DuckDBPyConnection,
    held_ids: Sequence[str],
    *,
    feed: str,
    dismissed_by: str,
    reason: str,
    now: datetime,
) -> None:
    """A steward's decision that rows of a feed are not wanted, such as test rows and unreadable lines: none is staged.

    A row that comes again as it was stays dismissed (`holding.settle`); one that comes changed is judged anew.

    Raises:
        QuarantineTrouble: a row is not held for this feed, or no reason is given.
    """
    if not reason.strip() or not dismissed_by.strip():
        raise QuarantineTrouble("dismissing held rows needs a name and a reason. Give both.")
    _require_held(connection, held_ids, feed)
    connection.execute(
        "UPDATE quarantine.held_row SET status = 'dismissed', settled_at = ?, settled_by = ?, settled_reason = ? "
        "WHERE list_contains(?::VARCHAR[], held_id)",
        [utc(now), dismissed_by, reason, list(held_ids)],
    )


def _require_held(connection: duckdb.DuckDBPyConnection, held_ids: Sequence[str], feed: str | None = None) -> None:
    rows = connection.execute(
        "SELECT held_id FROM quarantine.held_row WHERE status = 'held' AND list_contains($ids::VARCHAR[], held_id) "
        "AND feed = coalesce($feed, feed)",
        {"ids": list(held_ids), "feed": feed},
    ).fetchall()
    missing = sorted(set(held_ids) - {row[0] for row in rows})
    if missing:
        raise QuarantineTrouble(f"{', '.join(missing)}: not held now. List the held rows and choose from them.")
