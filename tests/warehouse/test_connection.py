"""Opening DuckDB files: who waits, who is told what, and in which zone everybody reads."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.warehouse import marts_factory as make
from warehouse.connection import (
    WarehouseAbsent,
    WarehouseBusy,
    ensure_ops_schema,
    open_reader,
    open_warehouse,
    warehouse_path,
)

_HOLD = """
import sys, duckdb
held = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.readline()
"""


def hold_in_another_process(path: Path) -> subprocess.Popen[str]:
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def let_go(holder: subprocess.Popen[str]) -> None:
    holder.communicate("\n", timeout=30)


def test_a_locked_warehouse_names_the_process_that_holds_it(tmp_path: Path) -> None:
    holder = hold_in_another_process(warehouse_path(tmp_path))
    try:
        with (
            pytest.raises(WarehouseBusy, match=rf"process {holder.pid}\).*stop it"),
            open_warehouse(tmp_path, wait_seconds=0.1),
        ):
            pass
    finally:
        let_go(holder)


def test_a_writer_waits_until_the_other_process_lets_go(tmp_path: Path) -> None:
    holder = hold_in_another_process(warehouse_path(tmp_path))
    threading.Timer(0.3, let_go, [holder]).start()
    with open_warehouse(tmp_path, wait_seconds=30) as connection:
        assert connection.execute("SELECT 1").fetchall() == [(1,)]


def test_a_reader_waits_while_this_process_writes(tmp_path: Path) -> None:
    wrote_at: list[float] = []

    def write(opened: threading.Event) -> None:
        with open_warehouse(tmp_path) as connection:
            connection.execute("CREATE TABLE t AS SELECT 7 AS n")
            opened.set()
            time.sleep(0.3)
            wrote_at.append(time.monotonic())

    opened = threading.Event()
    writer = threading.Thread(target=write, args=[opened])
    writer.start()
    opened.wait(10)
    with open_reader(warehouse_path(tmp_path), wait_seconds=30) as connection:
        assert connection.execute("SELECT n FROM t").fetchall() == [(7,)]
        assert wrote_at
    writer.join()


def test_a_reader_that_meets_a_writer_of_its_own_process_says_so(tmp_path: Path) -> None:
    with (
        open_warehouse(tmp_path),
        pytest.raises(WarehouseBusy, match="this process holds it open"),
        open_reader(warehouse_path(tmp_path), wait_seconds=0.1),
    ):
        pass


def test_a_reader_of_a_file_nobody_wrote_is_told_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(WarehouseAbsent, match="Run a refresh"), open_reader(tmp_path / "customer_360.duckdb"):
        pass
    assert not (tmp_path / "customer_360.duckdb").exists()


def test_a_file_that_is_no_database_is_not_waited_for(tmp_path: Path) -> None:
    warehouse_path(tmp_path).write_text("not a database" * 1000)
    started = time.monotonic()
    with pytest.raises(Exception, match="not a valid DuckDB"), open_warehouse(tmp_path, wait_seconds=30):
        pass
    assert time.monotonic() - started < 5


def test_times_are_utc_in_every_cursor(tmp_path: Path) -> None:
    with open_warehouse(tmp_path) as connection:
        zone = "SELECT current_setting('TimeZone')"
        assert connection.execute(zone).fetchall() == [("UTC",)]
        assert connection.cursor().execute(zone).fetchall() == [("UTC",)]


def test_spills_stay_in_the_home_folder(tmp_path: Path) -> None:
    with open_warehouse(tmp_path) as connection:
        place = connection.execute("SELECT current_setting('temp_directory')").fetchall()
    assert place == [(str(tmp_path / "work" / "warehouse"),)]


def test_the_file_is_free_after_leaving_even_on_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), open_warehouse(tmp_path):
        raise ZeroDivisionError
    let_go(hold_in_another_process(warehouse_path(tmp_path)))


def test_making_the_ops_tables_twice_keeps_their_rows(tmp_path: Path) -> None:
    with open_warehouse(tmp_path) as connection:
        ensure_ops_schema(connection)
        connection.execute("INSERT INTO ops.snapshot VALUES ('s1', ?, '{}')", [make.utc("2026-11-20")])
        ensure_ops_schema(connection)
        assert connection.execute("SELECT snapshot_id FROM ops.snapshot").fetchall() == [("s1",)]
        assert connection.execute("SELECT * FROM ops.feed_mark").fetchall() == []


def stored_rows(home: Path) -> int:
    """Rows of the table that stand in the file, deleted ones among them."""
    with open_reader(warehouse_path(home)) as connection:
        return int(connection.execute("SELECT estimated_size FROM duckdb_tables()").fetchall()[0][0])


def test_a_large_table_is_written_anew_once_a_quarter_of_its_rows_is_deleted(tmp_path: Path) -> None:
    # DuckDB by itself packs the first part when every other row is gone from it, though that is a sixth of all.
    with open_warehouse(tmp_path) as connection:
        connection.execute("CREATE TABLE large AS SELECT range AS number FROM range(1_200_000)")
    with open_warehouse(tmp_path) as connection:
        connection.execute("DELETE FROM large WHERE number < 400_000 AND number % 2 = 0")
    assert stored_rows(tmp_path) == 1_200_000
    with open_warehouse(tmp_path) as connection:
        connection.execute("DELETE FROM large WHERE number % 2 = 0")
    assert stored_rows(tmp_path) < 1_000_000
    with open_warehouse(tmp_path) as connection:
        assert connection.execute("SELECT count(*), sum(number) FROM large").fetchall() == [(600_000, 600_000**2)]
