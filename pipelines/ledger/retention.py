"""What the ledger forgets: the detail of months ago, kept as sums by feed and day, so that a year stays small.

Never forgotten: alerts and what was done about them, findings, publications, each feed's newest run and mark, batches
that are not staged, those of files, by whose names a file that comes again is recognised, and when each code that a
contract does not know first came.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

from pipelines.ledger.batches import is_release_of
from pipelines.ledger.database import Ledger, moment, stamp

# A week more than detectors look back.
KEPT = timedelta(days=35)
# Runs that brought nothing, what sources said of themselves and former marks tell nothing after a week.
EMPTY_KEPT = timedelta(days=7)
# Nor does a check that passed, after two days; one that failed is kept as long as the rest.
PASSED_KEPT = timedelta(days=2)
EVERY = timedelta(days=1)

# In the order of feed_day.
_COSTS = ("rows_read", "requests", "byte_count", "wall_ms", "cpu_ms")
_OLD_RUNS = """feed = ?1 AND status <> 'OPEN' AND (started_at < ?2 OR (status = 'EMPTY_OK' AND started_at < ?3))
               AND run_id < (SELECT max(run_id) FROM feed_run WHERE feed = ?1)"""


def forget_if_due(ledger: Ledger, now: datetime) -> int | None:
    """Forget what is old, at most once a day; rows forgotten, or None when it was not due."""
    last = ledger.row("SELECT max(done_at) AS at FROM forgetting")
    done_at = moment(last["at"]) if last else None
    return None if done_at is not None and now - done_at < EVERY else forget(ledger, now)


def forget(ledger: Ledger, now: datetime) -> int:
    """Forget what is older than KEPT, feed by feed, each in one transaction; rows forgotten."""
    limit, empty_limit, passed_limit = now - KEPT, now - EMPTY_KEPT, now - PASSED_KEPT
    count = 0
    for row in ledger.rows("SELECT DISTINCT feed FROM feed_run"):
        with ledger.transaction() as connection:
            count += _forget_runs(connection, row["feed"], stamp(limit), stamp(empty_limit))
            count += _forget_batches(connection, row["feed"], limit.astimezone(UTC).isoformat())
            count += _forget_evidence(connection, row["feed"], stamp(limit), stamp(empty_limit), stamp(passed_limit))
    ledger.write("INSERT INTO forgetting VALUES (?, ?)", stamp(now), count)
    return count


def _forget_runs(connection: sqlite3.Connection, feed: str, limit: str, empty_limit: str) -> int:
    connection.execute(
        f"""INSERT INTO feed_day
            SELECT feed, substr(started_at, 1, 10), count(*), sum(status = 'EMPTY_OK'),
                   sum(status NOT IN ('OK', 'EMPTY_OK')), sum(coalesce(rows_landed, 0)), 0, 0, 0, 0, 0, 0,
                   {", ".join(f"sum(coalesce({name}, 0))" for name in _COSTS)}
            FROM feed_run WHERE {_OLD_RUNS} GROUP BY 1, 2
            ON CONFLICT (feed, day) DO UPDATE SET runs = runs + excluded.runs,
                runs_empty = runs_empty + excluded.runs_empty, runs_failed = runs_failed + excluded.runs_failed,
                rows_landed = rows_landed + excluded.rows_landed,
                {", ".join(f"{name} = {name} + excluded.{name}" for name in _COSTS)}""",
        (feed, limit, empty_limit),
    )
    return connection.execute(f"DELETE FROM feed_run WHERE {_OLD_RUNS}", (feed, limit, empty_limit)).rowcount


def _forget_batches(connection: sqlite3.Connection, feed: str, limit: str) -> int:
    """Forget the feed's oldest batches up to the first that is still of use."""
    ((floor,),) = connection.execute(
        f"""SELECT coalesce(min(batch_seq), 0) FROM feed_batch AS b WHERE feed = ?1 AND (
               state <> 'staged' OR landed_at >= ?2 OR file_name IS NOT NULL
               OR (byte_count > 0 AND raw_removed_at IS NULL)
               OR batch_seq = (SELECT max(batch_seq) FROM feed_batch WHERE feed = ?1)
               OR EXISTS (SELECT 1 FROM stage_tally WHERE {is_release_of("b.batch_id")}))""",
        (feed, limit),
    ).fetchall()
    old = "SELECT batch_id FROM feed_batch WHERE feed = ? AND batch_seq < ?"
    connection.execute(
        f"""INSERT INTO feed_day
            SELECT t.feed, substr(b.landed_at, 1, 10), 0, 0, 0, 0, count(*), sum(t.rows_in), sum(t.rows_new),
                   sum(t.rows_changed), sum(t.rows_quarantined), sum(t.rows_deleted), 0, 0, 0, 0, 0
            FROM stage_tally AS t JOIN feed_batch AS b USING (batch_id) WHERE t.batch_id IN ({old}) GROUP BY 1, 2
            ON CONFLICT (feed, day) DO UPDATE SET batches = batches + excluded.batches,
                rows_in = rows_in + excluded.rows_in, rows_new = rows_new + excluded.rows_new,
                rows_changed = rows_changed + excluded.rows_changed,
                rows_quarantined = rows_quarantined + excluded.rows_quarantined,
                rows_deleted = rows_deleted + excluded.rows_deleted""",
        (feed, floor),
    )
    connection.execute(
        f"INSERT OR REPLACE INTO forgotten_batch SELECT ?, max(batch_id) FROM ({old}) HAVING count(*) > 0",
        (feed, feed, floor),
    )
    tallies = connection.execute(f"DELETE FROM stage_tally WHERE batch_id IN ({old})", (feed, floor)).rowcount
    batches = connection.execute("DELETE FROM feed_batch WHERE feed = ? AND batch_seq < ?", (feed, floor)).rowcount
    return tallies + batches


def _forget_evidence(connection: sqlite3.Connection, feed: str, limit: str, empty_limit: str, passed_limit: str) -> int:
    """Forget old probes, marks, check results, profiles and breaches; the newest probe and the highest marks stay."""
    deletions = (
        (
            """DELETE FROM source_probe WHERE feed = ?1 AND probed_at < ?2
               AND probed_at < (SELECT max(probed_at) FROM source_probe WHERE feed = ?1)""",
            empty_limit,
        ),
        (
            """DELETE FROM high_water_mark AS m WHERE feed = ?1 AND recorded_at < ?2 AND value < (
                   SELECT max(value) FROM high_water_mark AS n
                   WHERE n.feed = m.feed AND n.stage = m.stage AND n.clock = m.clock)""",
            empty_limit,
        ),
        ("DELETE FROM check_result WHERE feed = ?1 AND checked_at < ?2", limit),
        (
            "DELETE FROM check_result WHERE feed = ?1 AND checked_at < ?2 AND verdict IN ('PASS', 'UNKNOWN')",
            passed_limit,
        ),
        ("DELETE FROM batch_profile WHERE feed = ?1 AND profiled_at < ?2", limit),
        (
            """DELETE FROM batch_breach WHERE feed = ?1 AND recorded_at < ?2
               AND (kind <> 'unknown_code' OR (column_name, code, recorded_at) NOT IN (
                   SELECT column_name, code, min(recorded_at) FROM batch_breach
                   WHERE feed = ?1 AND kind = 'unknown_code' GROUP BY 1, 2))""",
            limit,
        ),
    )
    return sum(connection.execute(sql, (feed, before)).rowcount for sql, before in deletions)
