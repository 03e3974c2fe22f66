"""What goes wrong at home, where no source is at fault: the same kind of entry as the sample company's faults."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import duckdb
from world import World

from sample_company.faults.shown import Moment


@dataclass(frozen=True)
class Mishap:
    """One thing that goes wrong at home, before a look; `is_synced` says whether the look syncs at all.

    It goes wrong from step `begins` on; what `act` does before is what it comes upon.
    """

    mode: str
    name: str
    feed: str
    title: str
    act: Callable[[World, Moment], None]
    is_synced: bool = True
    others: tuple[str, ...] = ()
    needs: str = ""
    is_true: bool = False
    begins: int = 0


def _nothing(_world: World, _moment: Moment) -> None:
    """The look itself is what is left out."""


def _lose_landing(world: World, moment: Moment) -> None:
    if moment.step == 0:
        shutil.rmtree(world.home.landing / "shop" / "orders")


def _sync_beside(world: World, moment: Moment) -> None:
    """Another sync of the feed starts a moment before the one that is looked at."""
    del moment
    world.sync_beside(["shop.orders"])


def _delete_behind_the_ledger(world: World, moment: Moment) -> None:
    if moment.step == 0:
        with duckdb.connect(str(world.home.warehouse)) as connection:
            connection.execute(
                "DELETE FROM staging.orders WHERE hash(order_id) % 1000 < ?", [int(moment.severity * 1000)]
            )


def _soften_the_contract(world: World, moment: Moment) -> None:
    """The source is away, and somebody promises less in place of mending it."""
    world.shown.environment["C360_SHOP_URL"] = f"sqlite:///{world.shown.folder / 'moved' / 'shop.db'}"
    if moment.step == 1:
        freshness = world.deployment(["shop.orders"]).catalog["shop.orders"].freshness
        softer = freshness.model_copy(update={"promise": timedelta(days=90)})
        world.edit_contract("shop.orders", freshness=softer)


MISHAPS: dict[str, Mishap] = {
    mishap.name: mishap
    for mishap in (
        Mishap("A3", "scheduler_is_dead", "shop.orders", "Nobody starts the sync", _nothing, is_synced=False),
        Mishap("B9", "landing_lost", "shop.orders", "The landing folder with the cursor is gone", _lose_landing),
        Mishap("C6", "two_syncs_at_once", "shop.orders", "Two syncs run at the same time", _sync_beside),
        Mishap(
            "G9",
            "deleted_behind_the_ledger",
            "shop.orders",
            "Rows are deleted from staging by hand",
            _delete_behind_the_ledger,
        ),
        Mishap(
            "G11",
            "contract_softened",
            "shop.orders",
            "A contract is edited to be silent",
            _soften_the_contract,
            begins=1,
        ),
    )
}
