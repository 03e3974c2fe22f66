"""What full lists held goes in time, and nothing that is still needed of them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.books import count_books
from pipelines.commit import recover
from pipelines.freshness.reconcile import reconcile_feed
from pipelines.ingest import sync_feed
from pipelines.restage import restage_lost
from pipelines.superseded import forget_superseded
from tests.pipelines.shop_desk import NOON, ShopDesk
from warehouse.connection import open_warehouse

DAY = timedelta(days=1)


def desk_of_lists(folder: Path, **retention: str) -> ShopDesk:
    return ShopDesk(folder, cursor=None, delivery="snapshot", retention=retention)


def sync_daily(desk: ShopDesk, days: int) -> list[str]:
    """A list of three orders a day, one of which is another each day; ids of the batches."""
    for _ in range(days):
        desk.order(range(1, 4), NOON)
        desk.order(range(3, 4), desk.now)
        assert sync_feed(desk.deployment, desk.contract).troubles == []
        desk.now += DAY
    return desk.folder.committed()


def forget(desk: ShopDesk) -> list[str]:
    with desk.ledger() as ledger, open_warehouse(desk.deployment.home.root) as connection:
        return forget_superseded(
            connection, ledger, desk.deployment.home.landing, desk.deployment.catalog.values(), desk.now
        )


def test_lists_older_than_their_retention_are_forgotten_and_their_manifests_stay(tmp_path: Path) -> None:
    desk = desk_of_lists(tmp_path, superseded="2d")
    one, two, three, four = sync_daily(desk, 4)
    # It is a day since the fourth list, and so three since the second: two days and no more are kept.
    assert forget(desk) == [one, two]
    assert desk.folder.with_rows() == [three, four]
    assert (desk.folder.manifest(one).row_count, desk.folder.rejects(one)) == (3, None)
    assert forget(desk) == []


def test_the_newest_list_stays_however_old_it_is(tmp_path: Path) -> None:
    desk = desk_of_lists(tmp_path, superseded="2d")
    *_, last = sync_daily(desk, 2)
    desk.now += timedelta(days=400)
    forget(desk)
    assert desk.folder.with_rows() == [last]


def test_nothing_goes_unless_the_contract_says_so(tmp_path: Path) -> None:
    desk = desk_of_lists(tmp_path)
    listed = sync_daily(desk, 2)
    desk.now += timedelta(days=400)
    assert forget(desk) == []
    assert desk.folder.with_rows() == listed


def test_a_list_with_rows_that_wait_for_a_decision_stays(tmp_path: Path) -> None:
    desk = desk_of_lists(tmp_path, superseded="2d")
    one, two, *_ = sync_daily(desk, 4)
    with open_warehouse(desk.deployment.home.root) as connection:
        connection.execute(
            """INSERT INTO quarantine.held_row BY NAME
               SELECT 'held' AS held_id, 'shop.orders' AS feed, 'orders' AS entity, $batch AS batch_id, 1 AS batch_seq,
                      1 AS row_number, ['a rule'] AS rules, ['a reason'] AS reasons, 'held' AS status,
                      TIMESTAMP '2026-11-21' AS first_held_at""",
            {"batch": one},
        )
    assert forget(desk) == [two]


def test_what_staging_lost_comes_back_and_the_source_is_compared_without_the_former_lists(tmp_path: Path) -> None:
    desk = desk_of_lists(tmp_path, superseded="1h")
    sync_daily(desk, 3)
    assert len(forget(desk)) == 2
    with open_warehouse(desk.deployment.home.root) as connection:
        connection.execute("DELETE FROM staging.orders")
    with desk.ledger() as ledger:
        assert recover(ledger, desk.folder) == []
        count_books(desk.deployment, ledger)
    assert restage_lost(desk.deployment, desk.contract) == 3
    compared = reconcile_feed(desk.deployment, desk.contract)
    assert compared.trouble is None
    assert [(one.rows_source, one.missing, one.extra, one.outdated) for one in compared.results] == [(3, 0, 0, 0)]


def test_a_contract_of_other_deliveries_cannot_ask_for_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"retention.superseded is for full lists \(delivery: snapshot\)"):
        ShopDesk(tmp_path, retention={"superseded": "30d"})
