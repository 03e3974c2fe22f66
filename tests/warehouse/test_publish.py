"""The audit finds what must not be seen; publishing swaps whole files and survives being killed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.warehouse import marts_factory as make
from warehouse.connection import WarehouseAbsent, marts_path, open_warehouse, published_path
from warehouse.publish import PublishRefused, audit, publish

_READ_UNTIL_TOLD = """
import sys, threading, duckdb
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
print("reading", flush=True)
reads, seen = 0, set()
while not stop.is_set():
    with duckdb.connect(sys.argv[1], read_only=True) as snapshot:
        rows = snapshot.execute("SELECT snapshot_id, count(*) FROM customer_360 GROUP BY 1").fetchall()
    assert len(rows) == 1 and rows[0][1] == 4, rows
    seen.add(rows[0][0])
    reads += 1
print(reads, len(seen))
"""

_DIE_BEFORE_THE_SWAP = """
import os, sys, pathlib
from warehouse import publish
publish.os.replace = lambda *_: os._exit(9)
home = pathlib.Path(sys.argv[1])
publish.publish(home, publish.audit(home))
"""


_PUBLISH = """
import pathlib, sys
from warehouse import publish
home = pathlib.Path(sys.argv[1])
publish.publish(home, publish.audit(home))
"""

_WRITE_AND_DIE = """
import duckdb, os, sys
left_open = duckdb.connect(sys.argv[1])
left_open.execute("CREATE TABLE mine AS SELECT 1")
os._exit(0)
"""


def python(code: str, argument: Path) -> subprocess.Popen[str]:
    """Another process that runs ``code`` with one argument."""
    return subprocess.Popen(
        [sys.executable, "-c", code, str(argument)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def change_marts(home: Path, *statements: str) -> None:
    """Change what was built; after a publishing the next build, which brings the same."""
    if not marts_path(home).exists():
        shutil.copy(published_path(home), marts_path(home))
    with duckdb.connect(str(marts_path(home))) as marts:
        for statement in statements:
            marts.execute(statement)


def problems_after(home: Path, *statements: str) -> str:
    change_marts(home, *statements)
    return "\n".join(audit(home).problems)


def new_snapshot(home: Path, snapshot_id: str) -> None:
    change_marts(
        home,
        f"UPDATE ops.snapshot SET snapshot_id = '{snapshot_id}'",
        f"UPDATE customer_360 SET snapshot_id = '{snapshot_id}'",
    )


def published_snapshot(home: Path) -> str:
    with duckdb.connect(str(published_path(home)), read_only=True) as published:
        return str(published.execute("SELECT snapshot_id FROM ops.snapshot").fetchall()[0][0])


def add_customers(home: Path, count: int) -> None:
    """Customers without events, in identity and in the marts alike."""
    with open_warehouse(home) as warehouse:
        warehouse.execute(
            f"INSERT INTO identity.golden_customers (customer_id) SELECT 'N' || i FROM range({count}) r(i)"
        )
    change_marts(
        home,
        f"INSERT INTO dim_customer BY NAME SELECT c.* REPLACE ('N' || i AS customer_id) "
        f"FROM dim_customer c, range({count}) r(i) WHERE c.customer_id = 'C4'",
        f"INSERT INTO customer_360 BY NAME SELECT c.* REPLACE ('N' || i AS customer_id) "
        f"FROM customer_360 c, range({count}) r(i) WHERE c.customer_id = 'C4'",
    )


def test_sound_marts_pass_the_audit_and_are_published(home: Path) -> None:
    report, built = audit(home), marts_path(home).read_bytes()
    assert report.problems == ()
    assert (report.snapshot_id, report.row_counts["main.customer_360"]) == ("s1", 4)
    published = publish(home, report)
    assert (published.path, published.snapshot_id) == (home / "customer_360.duckdb", "s1")
    assert published.path.read_bytes() == built
    assert published_snapshot(home) == "s1"


def test_marts_never_built_are_not_audited(tmp_path: Path) -> None:
    with pytest.raises(WarehouseAbsent):
        audit(tmp_path)


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("DROP TABLE fct_ticket", "main.fct_ticket is missing."),
        ("CREATE TABLE leftover AS SELECT 1", "main.leftover is declared in no model file."),
        ("INSERT INTO customer_360 SELECT * FROM customer_360 WHERE customer_id = 'C1'",
         "main.customer_360 has 5 rows for 4 customers."),
        ("DROP MACRO TABLE crosswalk_as_of", "Macro crosswalk_as_of is missing."),
        ("DELETE FROM fct_order WHERE order_id = '100'", "main.fct_order has 5 rows; staging.orders has 6 live rows."),
        ("DELETE FROM dim_customer WHERE customer_id = 'C4'",
         "main.dim_customer has 3 rows; identity knows 4 customers."),
        ("DELETE FROM customer_360 WHERE customer_id = 'C4'", "main.customer_360 has 3 rows for 4 customers."),
        ("UPDATE customer_360 SET snapshot_id = 's0' WHERE customer_id = 'C1'",
         "main.customer_360: 1 rows are not of snapshot s1."),
        ("DELETE FROM ops.snapshot", "ops.snapshot has 0 rows instead of one."),
        ("COMMENT ON COLUMN fct_order.net_amount IS NULL", "main.fct_order.net_amount has no comment."),
        ("COMMENT ON TABLE interaction IS NULL", "main.interaction has no comment."),
        ("COMMENT ON VIEW ops.feed_status IS NULL", "ops.feed_status has no comment."),
    ],
)  # fmt: skip
def test_the_audit_names_the_problem(home: Path, statement: str, problem: str) -> None:
    assert problem in problems_after(home, statement).splitlines()


def test_refused_marts_leave_the_published_snapshot_in_place(home: Path) -> None:
    publish(home, audit(home))
    new_snapshot(home, "s2")
    change_marts(home, "DELETE FROM interaction")
    report = audit(home)
    with pytest.raises(PublishRefused, match=r"main\.interaction shrank from \d+ to 0 rows.*former snapshot"):
        publish(home, report)
    assert len(report.problems) == 1
    assert published_snapshot(home) == "s1"


def test_a_table_may_lose_a_tenth_and_no_more(home: Path) -> None:
    add_customers(home, 196)
    publish(home, audit(home))  # 200 customers

    def without(lost: int) -> tuple[str, ...]:
        gone = f"customer_id IN (SELECT 'N' || i FROM range({lost}) r(i))"
        with open_warehouse(home) as warehouse:
            warehouse.execute(f"DELETE FROM identity.golden_customers WHERE {gone}")
        change_marts(home, f"DELETE FROM dim_customer WHERE {gone}", f"DELETE FROM customer_360 WHERE {gone}")
        return audit(home).problems

    assert without(20) == ()
    assert without(21) == ("main.dim_customer shrank from 200 to 179 rows; at most 10% may go in one publish.",)
    assert audit(home, allowed_shrink=1.0).passed
    # One of them was merged into another on purpose.
    assert audit(home, merged_customers=1).passed


def test_an_older_snapshot_does_not_replace_a_newer_one(home: Path) -> None:
    publish(home, audit(home))
    said = problems_after(home, "UPDATE ops.snapshot SET snapshot_at = TIMESTAMP '2026-11-19 12:00:00'")
    assert "older than the published one of 2026-11-20 12:00:00" in said


def test_marts_changed_after_the_audit_are_refused(home: Path) -> None:
    report = audit(home)
    change_marts(home, "DELETE FROM fct_order")
    with pytest.raises(PublishRefused, match="changed after the audit"):
        publish(home, report)
    assert not published_path(home).exists()


def test_whoever_has_the_former_file_open_keeps_reading_it(home: Path) -> None:
    publish(home, audit(home))
    with duckdb.connect(str(published_path(home)), read_only=True) as reader:
        new_snapshot(home, "s2")
        publisher = python(_PUBLISH, home)
        assert publisher.communicate(timeout=60) == ("", "")
        assert publisher.returncode == 0
        assert reader.execute("SELECT DISTINCT snapshot_id FROM customer_360").fetchall() == [("s1",)]
    assert published_snapshot(home) == "s2"


def test_readers_in_a_loop_never_meet_an_error_or_a_mixture(home: Path) -> None:
    publish(home, audit(home))
    readers = [python(_READ_UNTIL_TOLD, published_path(home)) for _ in range(2)]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "reading\n"
    for number in range(6):
        new_snapshot(home, f"t{number}")
        publish(home, audit(home))
    for reader in readers:
        output, errors = reader.communicate("\n", timeout=60)
        assert (reader.returncode, errors) == (0, "")
        reads, snapshots = map(int, output.split())
        assert reads >= snapshots > 1


def test_killed_before_the_swap_the_former_file_stays_and_the_next_publish_puts_the_new_one_in_its_place(
    home: Path,
) -> None:
    publish(home, audit(home))
    new_snapshot(home, "s2")
    assert python(_DIE_BEFORE_THE_SWAP, home).wait(60) == 9
    assert published_snapshot(home) == "s1"

    publish(home, audit(home))
    assert published_snapshot(home) == "s2"


def test_what_was_published_is_not_there_to_be_published_again(home: Path) -> None:
    publish(home, audit(home))
    with pytest.raises(WarehouseAbsent):
        audit(home)


def test_a_log_of_someone_who_wrote_into_the_former_file_is_not_replayed(home: Path) -> None:
    publish(home, audit(home))
    wal = published_path(home).with_name("customer_360.duckdb.wal")
    assert python(_WRITE_AND_DIE, published_path(home)).wait(60) == 0
    assert wal.exists()
    new_snapshot(home, "s2")
    publish(home, audit(home))
    assert not wal.exists()
    assert published_snapshot(home) == "s2"


def test_a_second_customer_in_staging_is_seen_by_the_audit(home: Path) -> None:
    with open_warehouse(home) as warehouse:
        make.stage(warehouse, "shop.orders", "orders", order_id="900", ordered_at=make.utc("2026-11-20"))
    assert "main.fct_order has 6 rows; staging.orders has 7 live rows." in audit(home).problems


def test_the_published_file_may_be_read_by_everybody(home: Path) -> None:
    publish(home, audit(home))
    assert os.access(published_path(home), os.R_OK)
    assert published_path(home).stat().st_mode & 0o444 == 0o444
