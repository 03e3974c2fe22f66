"""Repairs: fenced, safe to kill, and no sign of freshness; and feeds whose cursor is a number, or that have none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.landing import LandingFolder
from connectors.tiers import EVERYTHING, WINDOWS, days_compared
from pipelines.acceptance import accept_source
from pipelines.freshness.reading import read_history
from pipelines.freshness.status import feed_status
from pipelines.ledger import batches, leases, reconciles
from tests.pipelines.freshness.reconcile.desk import NOON, Desk, sqlite_desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Twenty orders of three days ago, one of noon, and one that was deleted behind our back."""
    made = sqlite_desk(tmp_path)
    made.orders(1, 20, days_ago=3)
    made.order(999, NOON)
    made.land()
    made.execute("DELETE FROM orders WHERE id = 7")
    return made


@pytest.mark.parametrize(
    ("thing", "name"),
    [(LandingFolder, "write"), (batches, "add_batch"), (reconciles, "stamp"), (leases, "release")],
    ids=[
        "while rows are written",
        "between rename and ledger",
        "before the result is kept",
        "before the lease is free",
    ],
)
def test_a_repair_that_is_killed_leaves_nothing_to_clean_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, thing: object, name: str
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(thing, name, killed)
        with pytest.raises(KeyboardInterrupt):
            desk.reconcile(wants_repair=True)
    with desk.ledger() as ledger:
        ledger.write("UPDATE lease SET holder = NULL")  # its process is dead
    again = desk.reconcile(wants_repair=True)
    assert again.trouble is None
    assert desk.differing() == (0, 0, 0)
    assert desk.staged("_is_deleted", 7) == (True,)
    assert [file for file in desk.deployment.home.work.rglob("*") if file.is_file()] == []


def test_so_many_deletions_that_they_may_be_a_mistake_are_repaired_once_somebody_accepts_them(desk: Desk) -> None:
    desk.execute("DELETE FROM orders WHERE id < 15")
    held = desk.reconcile(wants_repair=True).trouble
    assert held is not None
    assert held.kind == "held"
    assert "c360 feeds accept shop.orders" in held.next_step
    accept_source(desk.deployment, desk.contract, by="ada", reason="old orders were purged")
    assert desk.reconcile(wants_repair=True).rows_landed == 14
    assert desk.differing() == (0, 0, 0)


def test_what_is_older_than_every_window_is_compared_and_repaired_when_all_is_asked_for(desk: Desk) -> None:
    desk.orders(100, 110, days_ago=400)
    assert desk.reconcile(days=WINDOWS[-1]).results[-1].missing == 0
    assert desk.reconcile(days=EVERYTHING, wants_repair=True).rows_landed == 12
    assert desk.reconcile(days=EVERYTHING).differing == 0


def test_sundays_compare_all_and_other_nights_ninety_days() -> None:
    sunday = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
    assert days_compared(sunday) == EVERYTHING
    assert {days_compared(sunday + timedelta(days=day)) for day in range(1, 7)} == {WINDOWS[-1]}


def test_a_repair_waits_for_who_works_on_the_feed_and_a_comparison_does_not(desk: Desk) -> None:
    with desk.ledger() as ledger:
        leases.acquire(ledger, f"feed:{desk.contract.feed}", now=NOON)
        refused = desk.reconcile(wants_repair=True)
        compared = desk.reconcile()
    assert refused.trouble is not None
    assert refused.trouble.kind == "busy"
    assert compared.differing == 1


def test_a_repair_moves_no_cursor_and_makes_no_feed_fresher(desk: Desk) -> None:
    desk.staged("order_id", 1)
    desk.now += timedelta(hours=20)
    with desk.ledger() as ledger:
        before = feed_status(ledger, desk.contract, desk.now)
        marks = ledger.rows("SELECT value FROM high_water_mark")
    assert desk.reconcile(wants_repair=True).rows_landed == 1
    assert desk.staged("_is_deleted", 7) == (True,)
    folder = LandingFolder(desk.deployment.home.landing, desk.contract)
    first, repair = [folder.manifest(batch_id) for batch_id in folder.committed()]
    assert (repair.kind, repair.cursor_after) == ("reconcile", first.cursor_after)
    with desk.ledger() as ledger:
        after = feed_status(ledger, desk.contract, desk.now)
        history = read_history(ledger, desk.contract, desk.now)
        assert [tuple(row) for row in ledger.rows("SELECT value FROM high_water_mark")] == [tuple(row) for row in marks]
    assert (after.as_of, after.verified_at) == (before.as_of, before.verified_at)
    assert [run.kind for run in history.runs] == ["live"]
    assert len(history.batches) == 1
    assert [(r.extra, r.is_repaired) for r in history.reconciles if r.days == 7] == [(1, True)]


def test_samples_are_hashes_of_keys_and_never_values(desk: Desk) -> None:
    (sample,) = next(r.samples["extra"] for r in desk.reconcile().results if r.extra)
    table = LandingFolder(desk.deployment.home.landing, desk.contract).table("shop.orders-00000001")
    import duckdb

    rows = duckdb.execute(f"SELECT id FROM read_parquet('{table}') WHERE _key_hash = ?", [int(sample, 16)]).fetchall()
    assert rows == [("7",)]


def test_a_number_as_cursor_is_compared_below_where_it_stands(tmp_path: Path) -> None:
    desk = sqlite_desk(tmp_path, cursor={"column": "id", "type": "integer"})
    desk.orders(1, 20)
    desk.land()
    desk.execute("UPDATE orders SET total = 99.90 WHERE id = 5")
    desk.execute("DELETE FROM orders WHERE id = 6")
    desk.order(21, NOON)
    assert desk.differing() == (0, 1, 1)
    assert desk.reconcile(wants_repair=True).rows_landed == 2
    assert desk.land() == 1
    assert desk.differing() == (0, 0, 0)


def test_a_feed_without_cursor_is_compared_whole_and_left_to_the_next_sync(tmp_path: Path) -> None:
    desk = sqlite_desk(tmp_path, cursor=None, delivery="snapshot")
    desk.orders(1, 20)
    desk.land()
    assert [(r.days, r.rows_here, r.differing) for r in desk.reconcile().results] == [(0, 20, 0)]
    desk.execute("UPDATE orders SET total = 99.90 WHERE id = 5")
    assert desk.differing() == (0, 1, 0)
    refused = desk.reconcile(wants_repair=True).trouble
    assert refused is not None
    assert "Run c360 sync" in refused.next_step
    desk.land()
    assert desk.differing() == (0, 0, 0)


def test_rows_landed_before_the_contract_gained_a_column_are_compared_in_the_others(tmp_path: Path) -> None:
    desk = sqlite_desk(tmp_path)
    desk.orders(1, 20, days_ago=3)
    desk.order(999, NOON)
    desk.land()
    wider = sqlite_desk_again(desk, tmp_path, columns={"shipping_amount": "weight"})
    assert wider.differing() == (0, 0, 0)
    wider.execute("UPDATE orders SET total = 99.90 WHERE id = 5")
    assert wider.differing() == (0, 1, 0)


def sqlite_desk_again(desk: Desk, folder: Path, **changes: object) -> Desk:
    """The same home and database under another contract."""
    again = Desk(folder, f"sqlite:///{folder}/shop.db", desk.execute, **changes)
    again.now = desk.now
    return again
