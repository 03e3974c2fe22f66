"""A source that is not what it was is held, with nothing landed, until somebody accepts it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.acceptance import accept_source
from pipelines.source_guard import credentials_end
from tests.pipelines.shop_desk import NOON, ShopDesk

HOUR = timedelta(hours=1)


@pytest.fixture
def desk(tmp_path: Path) -> ShopDesk:
    """A shop with twenty old orders and twenty new ones, all landed."""
    made = ShopDesk(tmp_path)
    made.order(range(20), NOON - 5 * HOUR)
    made.order(range(20, 40), NOON)
    assert made.land().rows_landed == 40
    return made


def accept(desk: ShopDesk) -> None:
    accept_source(desk.deployment, desk.contract, by="ana", reason="it was moved")


def test_another_source_is_held_until_it_is_accepted(desk: ShopDesk) -> None:
    desk.move_to("staging.db")
    desk.order(range(900, 930), NOON)
    landing = desk.land()
    assert landing.trouble is not None
    assert (landing.trouble.kind, landing.rows_landed, desk.last_run()["status"]) == ("other_source", 0, "HELD")
    assert "staging.db" in landing.trouble.fact
    assert "c360 feeds accept shop.orders" in landing.trouble.next_step
    accept(desk)
    assert desk.land().rows_landed == 30
    assert desk.land().trouble is None


def test_the_source_of_before_is_read_again_without_being_asked(desk: ShopDesk) -> None:
    desk.move_to("staging.db")
    desk.land()
    desk.move_to("shop.db")
    assert desk.land().trouble is None


def test_who_accepted_one_source_did_not_accept_a_third(desk: ShopDesk) -> None:
    desk.move_to("staging.db")
    accept(desk)
    desk.move_to("third.db")
    trouble = desk.land().trouble
    assert trouble is not None
    assert trouble.kind == "other_source"


def test_a_source_that_lost_its_newest_rows_went_back_in_time(desk: ShopDesk) -> None:
    desk.ask("DELETE FROM orders WHERE id >= 20")
    landing = desk.land()
    assert landing.trouble is not None
    assert (landing.trouble.kind, desk.last_run()["status"]) == ("rolled_back", "HELD")
    assert "40 rows" in landing.trouble.fact


def test_a_source_that_went_back_stays_held_when_it_goes_on_and_not_when_it_has_its_rows_again(desk: ShopDesk) -> None:
    desk.ask("DELETE FROM orders WHERE id >= 20")
    desk.land()
    desk.order(range(20, 25), NOON + HOUR)  # it gives out numbers again that it had given out before
    assert desk.land().trouble is not None
    desk.order(range(25, 40), NOON + HOUR)  # as a copy does that had been behind
    assert desk.land().trouble is None


def test_a_restored_source_is_read_on_once_it_is_accepted(desk: ShopDesk) -> None:
    desk.ask("DELETE FROM orders WHERE id >= 20")
    desk.land()
    accept(desk)
    assert desk.land().trouble is None
    desk.order(range(20, 23), desk.now)
    assert desk.land().rows_landed == 3


def test_an_emptied_table_went_back_in_time(desk: ShopDesk) -> None:
    desk.ask("DELETE FROM orders")
    trouble = desk.land().trouble
    assert trouble is not None
    assert trouble.kind == "rolled_back"


@pytest.mark.parametrize(
    "healthy",
    [
        "DELETE FROM orders WHERE id = 39",
        "DELETE FROM orders WHERE id > 31",
        "DELETE FROM orders WHERE id < 20",
        "UPDATE orders SET changed = '2026-11-21 07:00:00'",
        "UPDATE orders SET amount = '2.00', changed = '2026-11-21 12:10:00' WHERE id < 30",
    ],
)
def test_deletions_archives_and_corrections_hold_nothing(desk: ShopDesk, healthy: str) -> None:
    desk.ask(healthy)
    assert desk.land().trouble is None


def test_a_row_dated_in_the_future_does_not_hide_that_the_source_went_back(tmp_path: Path) -> None:
    desk = ShopDesk(tmp_path)
    desk.order(range(20), NOON - 5 * HOUR)
    desk.order(range(20, 40), NOON)
    desk.order(range(99, 100), datetime(2999, 1, 1, tzinfo=UTC))
    desk.land()
    desk.ask("DELETE FROM orders WHERE id BETWEEN 20 AND 39")
    trouble = desk.land().trouble
    assert trouble is not None
    assert trouble.kind == "rolled_back"


def test_a_full_delivery_without_rows_is_held_until_it_is_accepted(tmp_path: Path) -> None:
    desk = ShopDesk(tmp_path, cursor=None, delivery="snapshot")
    desk.order(range(3), NOON)
    assert desk.land().rows_landed == 3
    desk.ask("DELETE FROM orders")
    landing = desk.land()
    assert landing.trouble is not None
    assert (landing.trouble.kind, landing.batch_ids, desk.last_run()["status"]) == ("emptied", [], "HELD")
    accept(desk)
    assert (desk.land().trouble, len(desk.folder.committed())) == (None, 2)
    assert desk.land().trouble is None


def test_a_full_delivery_that_is_empty_from_the_first_is_empty(tmp_path: Path) -> None:
    desk = ShopDesk(tmp_path, cursor=None, delivery="snapshot")
    assert desk.land().trouble is None


@pytest.mark.parametrize(
    ("said", "end"),
    [
        ("2026-12-01", datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026-12-01T10:00:00+02:00", datetime(2026, 12, 1, 8, tzinfo=UTC)),
        ("next spring", None),
        ("", None),
    ],
)
def test_when_credentials_end_is_read_from_the_variable_that_the_contract_names(
    tmp_path: Path, said: str, end: datetime | None
) -> None:
    desk = ShopDesk(tmp_path, watch={"credentials_expire": "SHOP_ENDS"})
    assert credentials_end(desk.contract, {"SHOP_ENDS": said}) == end
