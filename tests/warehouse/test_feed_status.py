"""The views that tell a reader how current the file is: they age by themselves and work wherever the file is opened."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from pipelines.freshness.status import CLOCK_TOLERANCE
from warehouse.connection import marts_path


def test_a_feed_status_worsens_by_itself_as_time_passes(home: Path) -> None:
    with duckdb.connect(str(marts_path(home))) as marts:
        # Promise of a day, grace of an hour; each feed was last read so many hours ago.
        marts.execute("DELETE FROM ops.feed_mark")
        for feed, status, hours in (
            ("a", "FRESH", 23.9), ("b", "FRESH", 24.1), ("c", "FRESH", 25.1), ("d", "IDLE", 25.1), ("e", "LATE", 0.1),
            ("f", "PARTIAL", 99), ("g", "NEVER", 99), ("h", "HELD", 99), ("i", "UNKNOWN", 0.1),
        ):  # fmt: skip
            marts.execute(
                "INSERT INTO ops.feed_mark (feed, source_system, entity, status, verified_at, as_of, promise_seconds, "
                "grace_seconds) SELECT ?, 's', 'tickets', ?, n.t - to_seconds(? * 3600), n.t - INTERVAL 40 HOUR, "
                "86400, 3600 FROM (SELECT now() AT TIME ZONE 'UTC' AS t) n",
                [feed, status, hours],
            )
        said = dict(marts.execute("SELECT feed, status_now FROM ops.feed_status").fetchall())
        age = marts.execute("SELECT DISTINCT data_age_seconds // 60 FROM ops.feed_status").fetchall()
        worst = marts.execute("SELECT status_now FROM ops.source_status WHERE source_kind = 'tickets'").fetchall()
    assert said == {
        "a": "FRESH", "b": "LATE", "c": "STALE", "d": "STALE", "e": "LATE", "f": "PARTIAL", "g": "NEVER", "h": "HELD",
        "i": "UNKNOWN",
    }  # fmt: skip
    assert age == [(2400,)]  # forty hours, in minutes
    assert worst == [("NEVER",)]


def test_for_a_clock_before_the_last_read_no_feed_is_fresh_and_no_age_is_known(home: Path) -> None:
    tolerance = CLOCK_TOLERANCE.total_seconds()
    with duckdb.connect(str(marts_path(home))) as marts:
        marts.execute("DELETE FROM ops.feed_mark")
        # Read so many seconds after the reader's now; the last was tried then, and read an hour before.
        for feed, verified, attempted in (
            ("a", tolerance - 30, None), ("b", tolerance + 30, None), ("c", -3600, tolerance + 30),
        ):  # fmt: skip
            marts.execute(
                "INSERT INTO ops.feed_mark (feed, source_system, entity, status, status_reason, as_of, verified_at, "
                "last_attempt_at, promise_seconds, grace_seconds) SELECT $1, 's', 'tickets', 'FRESH', 'young', "
                "n.t + to_seconds($2), n.t + to_seconds($2), n.t + to_seconds($3), 86400, 3600 "
                "FROM (SELECT now() AT TIME ZONE 'UTC' AS t) n",
                [feed, verified, attempted],
            )
        marts.execute("UPDATE customer_360 SET published_at = now() AT TIME ZONE 'UTC' + INTERVAL 1 DAY")
        said = marts.execute(
            "SELECT feed, status_now, data_age_seconds, verified_age_seconds FROM ops.feed_status ORDER BY feed"
        ).fetchall()
        reasons = marts.execute("SELECT status_reason FROM ops.feed_status ORDER BY feed").fetchall()
        worst = marts.execute("SELECT status_now FROM ops.source_status WHERE source_kind = 'tickets'").fetchall()
        customers = marts.execute(
            "SELECT DISTINCT tickets_status_now, is_stale_now, snapshot_age_seconds, is_snapshot_overdue "
            "FROM customer_360_now"
        ).fetchall()
        told = marts.execute("SELECT what, detail FROM brief_source_now() WHERE what LIKE 'b %'").fetchall()
    assert said[:2] == [("a", "FRESH", 0, 0), ("b", "UNKNOWN", None, None)]
    assert said[2][:2] == ("c", "UNKNOWN")
    assert [reason.partition(" stands")[0] for (reason,) in reasons] == ["young", *["the clock of who reads this"] * 2]
    assert worst == [("UNKNOWN",)]
    assert customers == [("UNKNOWN", True, None, True)]
    [(what, detail)] = told
    assert (what, detail.partition(" stands")[0]) == ("b UNKNOWN", "the clock of who reads this")


def test_a_feed_that_promises_nothing_is_never_called_fresh(home: Path) -> None:
    with duckdb.connect(str(marts_path(home))) as marts:
        marts.execute("UPDATE ops.feed_mark SET promise_seconds = NULL")
        said = dict(marts.execute("SELECT feed, status_now FROM ops.feed_status").fetchall())
    assert said["shop.orders"] == "UNKNOWN"


def test_ages_do_not_depend_on_the_readers_time_zone(home: Path) -> None:
    with duckdb.connect(str(marts_path(home)), read_only=True) as marts:
        ages = []
        for zone in ("UTC", "Pacific/Auckland"):
            marts.execute(f"SET TimeZone = '{zone}'")
            ages += marts.execute("SELECT data_age_seconds FROM ops.feed_status WHERE feed = 'shop.orders'").fetchall()
    assert abs(ages[0][0] - ages[1][0]) <= 2


def test_the_views_work_under_any_file_name_and_any_alias(home: Path) -> None:
    other = home / "copied for a colleague.duckdb"
    shutil.copy(marts_path(home), other)
    with duckdb.connect(str(other), read_only=True) as opened:
        assert opened.execute("SELECT count(*) FROM ops.feed_status").fetchall() == [(5,)]
    with duckdb.connect() as notebook:
        notebook.execute(f"ATTACH '{other}' AS c (READ_ONLY)")
        assert notebook.execute("SELECT count(*) FROM c.ops.feed_status").fetchall() == [(5,)]
        assert notebook.execute("SELECT count(*) FROM c.ops.source_status").fetchall() == [(10,)]
