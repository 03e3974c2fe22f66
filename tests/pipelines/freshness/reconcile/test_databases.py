"""Reconciling with real databases: what a cursor cannot see is found, landed, and then both sides are equal."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.pipelines.freshness.reconcile.desk import NOON, Desk, postgres_desk, sqlite_desk


@pytest.fixture(params=["sqlite", "postgres", "postgres with floats"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    """Forty orders of today and forty of each of 3, 20 and 60 days ago, all synced."""
    floats = {"columns": {"shipping_amount": "weight"}} if request.param == "postgres with floats" else {}
    if request.param == "sqlite":
        made = sqlite_desk(tmp_path, columns={"shipping_amount": "weight"})
    else:
        made = postgres_desk(tmp_path, request.getfixturevalue("postgres_url"), **floats)
    for first, days in ((1, 60), (101, 20), (201, 3), (301, 0.2)):
        made.orders(first, first + 39, days_ago=days)
    made.order(999, NOON)
    made.land()
    return made


def test_a_clean_source_gives_no_difference_and_every_tier_counts_its_rows(desk: Desk) -> None:
    found = desk.reconcile()
    assert [(r.days, r.missing, r.outdated, r.extra) for r in found.results] == [(d, 0, 0, 0) for d in (1, 7, 30, 90)]
    assert [(r.rows_source, r.rows_here) for r in found.results] == [(40, 40)] * 4
    assert [dict(r.totals) for r in found.results] == [{"total": ("420", "420")}] * 4
    adds_up = "weight" not in desk.contract.source_columns()
    assert {r.method for r in found.results} == {"checksum" if adds_up else "rows"}


def repaired(desk: Desk) -> None:
    """A repair lands what differs, and a second look, or a second repair, finds nothing."""
    assert desk.reconcile(wants_repair=True).trouble is None
    assert desk.differing() == (0, 0, 0)
    again = desk.reconcile(wants_repair=True)
    assert (again.differing, again.batch_ids) == (0, [])


def test_a_row_at_the_same_moment_as_the_last_one_of_a_page_is_found(desk: Desk) -> None:
    """B4: a row with the time of one that was read, committed after the reads that would still have seen it."""
    desk.order(1000, NOON - timedelta(days=0.2))
    assert desk.land() == 0
    assert desk.differing() == (1, 0, 0)
    repaired(desk)
    assert desk.staged("customer_name", 1000) == ("Zoë Müller 1000",)


def test_a_row_committed_behind_the_cursor_is_found(desk: Desk) -> None:
    """B5: its change time is older than the overlap when it becomes visible."""
    desk.order(1000, NOON - timedelta(hours=3, seconds=7))
    assert desk.land() == 0
    assert desk.differing() == (1, 0, 0)
    repaired(desk)


def test_an_update_that_does_not_touch_the_cursor_column_is_found(desk: Desk) -> None:
    """B6."""
    desk.execute("UPDATE orders SET total = 99.90 WHERE id IN (5, 205)")
    assert desk.land() == 0
    assert desk.differing() == (0, 2, 0)
    repaired(desk)
    assert str(desk.staged("total_amount", 5)) == "(Decimal('99.90'),)"


def test_a_backdated_insert_is_found_in_the_tier_of_its_age(desk: Desk) -> None:
    """B11: forty days back."""
    desk.order(1000, NOON - timedelta(days=40))
    assert desk.land() == 0
    assert [r.missing for r in desk.reconcile().results] == [0, 0, 0, 1]
    assert [r.missing for r in desk.reconcile(days=30).results] == [0, 0, 0]
    repaired(desk)


def test_a_backdated_update_stands_against_the_newer_time_it_had(desk: Desk) -> None:
    """B11: the row keeps its key, gets other values and an older change time."""
    back = (NOON - timedelta(days=40)).isoformat()
    desk.execute(f"UPDATE orders SET name = 'Restored', changed_at = '{back}' WHERE id = 310")
    assert desk.land() == 0
    assert desk.differing() == (0, 1, 0)
    repaired(desk)
    assert desk.staged("customer_name, updated_at", 310) == ("Restored", datetime(2026, 10, 12, 12))  # noqa: DTZ001


def test_a_row_deleted_at_the_source_is_found_and_marked_deleted(desk: Desk) -> None:
    """B12."""
    desk.execute("DELETE FROM orders WHERE id IN (10, 220)")
    assert desk.land() == 0
    assert desk.differing() == (0, 0, 2)
    assert desk.staged("_is_deleted", 10) == (False,)
    repaired(desk)
    assert desk.staged("_is_deleted, customer_name", 10) == (True, "Zoë Müller 10")


def test_a_row_that_returns_as_it_was_after_its_deletion_was_found_returns_here(desk: Desk) -> None:
    """C5: put back with its old values and times, so that neither cursor nor content tells."""
    desk.execute("DELETE FROM orders WHERE id = 310")
    repaired(desk)
    desk.order(310, NOON - timedelta(days=0.2, minutes=30))
    assert desk.land() == 0
    assert desk.differing() == (1, 0, 0)
    repaired(desk)
    assert desk.staged("_is_deleted", 310) == (False,)


def test_a_row_that_returns_behind_a_tombstone_is_found(desk: Desk) -> None:
    """C5: deleted and put back at the source; the tombstone came here, the return did not."""
    desk.execute(
        f"UPDATE orders SET deleted_at = '{NOON.isoformat()}', changed_at = '{NOON.isoformat()}' WHERE id = 320"
    )
    desk.land()
    assert desk.staged("_is_deleted", 320) == (True,)
    old = (NOON - timedelta(days=2)).isoformat()
    desk.execute(f"UPDATE orders SET deleted_at = NULL, changed_at = '{old}' WHERE id = 320")
    assert desk.land() == 0
    assert desk.differing() == (0, 1, 0)
    repaired(desk)
    assert desk.staged("_is_deleted", 320) == (False,)


def test_rows_of_the_next_sync_are_no_difference(desk: Desk) -> None:
    """New rows, rows changed since, and rows within the overlap: the cursor brings them."""
    desk.order(1001, NOON + timedelta(minutes=20))
    desk.order(1002, NOON - timedelta(minutes=30))
    later = (NOON + timedelta(minutes=21)).isoformat()
    desk.execute(f"UPDATE orders SET total = 1, changed_at = '{later}' WHERE id = 205")
    assert desk.differing() == (0, 0, 0)
    assert desk.land() == 3
    assert desk.differing() == (0, 0, 0)


def test_a_tombstone_that_the_source_forgets_later_is_no_difference(desk: Desk) -> None:
    moment = (NOON + timedelta(minutes=5)).isoformat()
    desk.execute(f"UPDATE orders SET deleted_at = '{moment}', changed_at = '{moment}' WHERE id = 5")
    desk.order(1003, NOON + timedelta(hours=3))
    desk.now = NOON + timedelta(hours=4)
    desk.land()
    desk.execute("DELETE FROM orders WHERE id = 5")
    assert desk.differing() == (0, 0, 0)


def test_a_source_that_lost_most_of_its_rows_is_not_believed(desk: Desk) -> None:
    desk.execute("DELETE FROM orders WHERE id < 300")
    found = desk.reconcile(wants_repair=True)
    assert found.trouble is not None
    assert "lacks 120 of 160 rows" in found.trouble.fact
    assert desk.staged("_is_deleted", 10) == (False,)
