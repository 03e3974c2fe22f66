"""A reconcile believes only the source that was landed, and a question on demand no row dated in the future."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.acceptance import accept_source
from pipelines.freshness.reconcile import Reconciliation, reconcile_feed
from pipelines.probe import probe_feed
from tests.pipelines.shop_desk import NOON, ShopDesk


@pytest.fixture
def desk(tmp_path: Path) -> ShopDesk:
    """A shop with twenty orders of three days ago and one of noon, all landed."""
    made = ShopDesk(tmp_path)
    made.order(range(20), NOON - timedelta(days=3))
    made.order(range(20, 21), NOON)
    assert made.land().rows_landed == 21
    return made


def reconcile(desk: ShopDesk) -> Reconciliation:
    desk.now += timedelta(minutes=1)
    return reconcile_feed(desk.deployment, desk.contract, wants_repair=True)


def move_to_a_copy(desk: ShopDesk) -> None:
    """The shop moves, and one old order is another there."""
    shutil.copy(desk.path, desk.root / "copy.db")
    desk.move_to("copy.db")
    desk.ask("UPDATE orders SET amount = '9.00' WHERE id = 5")


def test_another_source_is_neither_compared_nor_landed(desk: ShopDesk) -> None:
    move_to_a_copy(desk)
    found = reconcile(desk)
    assert found.trouble is not None
    assert (found.trouble.kind, found.results, found.batch_ids) == ("other_source", [], [])
    assert desk.last_run()["kind"] == "live"


def test_a_source_that_went_back_in_time_repairs_nothing(desk: ShopDesk) -> None:
    desk.ask("DELETE FROM orders WHERE id > 8")
    desk.ask("UPDATE orders SET changed = '2026-11-10 12:00:00'")
    found = reconcile(desk)
    assert found.trouble is not None
    assert (found.trouble.kind, found.batch_ids) == ("rolled_back", [])


def test_a_repair_from_an_accepted_source_does_not_hold_the_sync_after_it(desk: ShopDesk) -> None:
    move_to_a_copy(desk)
    accept_source(desk.deployment, desk.contract, by="ana", reason="it was moved")
    repair = reconcile(desk)
    assert (repair.trouble, [desk.landed(batch_id) for batch_id in repair.batch_ids]) == (None, [[5]])
    desk.order(range(21, 23), desk.now)
    landing = desk.land()
    assert (landing.trouble, landing.rows_landed) == (None, 2)


def test_what_a_repair_landed_counts_as_landed_for_a_backfill(desk: ShopDesk) -> None:
    desk.ask("UPDATE orders SET amount = '9.00' WHERE id = 5")
    assert reconcile(desk).rows_landed == 1
    desk.order(range(50, 51), NOON - timedelta(days=2))
    landing = desk.land(since=NOON - timedelta(days=5))
    assert (landing.trouble, [desk.landed(batch_id) for batch_id in landing.batch_ids]) == (None, [[50]])


def test_a_source_asked_on_demand_does_not_tell_of_rows_dated_in_the_future(desk: ShopDesk) -> None:
    desk.order(range(99, 100), datetime(2999, 1, 1, tzinfo=UTC))
    probe = probe_feed(desk.deployment, desk.contract).probe
    assert probe is not None
    assert (probe.row_count, probe.newest) == (22, "2026-11-21 12:00:00")
    assert (probe.lowest_key, probe.highest_key) == ("0", "99")
