"""`c360 feeds accept` and `c360 sync --from` as an operator meets them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.settings import Home
from tests.journey_factory import Said, c360
from tests.pipelines.shop_desk import NOON, ShopDesk

CONTRACT = """
feed: shop.orders
description: Orders.
grain: One row per order.
owner: team:shop
schedule: "*/15 * * * *"
freshness: {promise: 26h}
source: {kind: sql, connection: SHOP, table: orders}
cursor: {column: changed, overlap: 1h}
columns: {order_id: id, ordered_at: changed, total_amount: amount}
"""


class Operator:
    """Runs commands on a shop."""

    def __init__(self, desk: ShopDesk) -> None:
        self.desk, self.home = desk, Home(desk.root / "home")
        (desk.root / "feeds" / "shop").mkdir(parents=True)
        (desk.root / "feeds" / "shop" / "orders.yml").write_text(CONTRACT, encoding="utf-8")
        self.connect()

    def connect(self) -> None:
        self.home.root.mkdir(exist_ok=True)
        self.home.connections.write_text(f"SHOP=sqlite:///{self.desk.path}\n", encoding="utf-8")

    def __call__(self, *arguments: str) -> Said:
        return c360(self.home, *arguments, now=self.desk.now, feeds_folder=self.desk.root / "feeds")


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    made = Operator(ShopDesk(tmp_path))
    made.desk.order(range(1, 4), NOON)
    made.desk.now = NOON
    assert made("sync", "--no-refresh").code == 0
    return made


def test_a_moved_source_is_accepted_by_the_command_that_its_trouble_names(operator: Operator) -> None:
    operator.desk.move_to("moved.db")
    operator.desk.order(range(4, 6), NOON)
    operator.connect()
    held = operator("sync", "--no-refresh")
    assert held.code == 1
    assert "run c360 feeds accept shop.orders" in held.err
    said = operator("feeds", "accept", "shop.orders", "--because", "moved to a new disk", "--by", "ana")
    assert said.code == 0
    assert "moved.db" in said.out
    assert operator("sync", "--no-refresh").code == 0


def test_accepting_needs_a_known_feed_and_a_name(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("C360_STEWARD", raising=False)
    assert operator("feeds", "accept", "shop.orders", "--because", "x").code == 2
    assert operator("feeds", "accept", "shop.nothing", "--because", "x", "--by", "ana").code == 2


def test_a_source_that_does_not_answer_is_not_accepted(operator: Operator) -> None:
    operator.desk.path.unlink()
    said = operator("feeds", "accept", "shop.orders", "--because", "x", "--by", "ana")
    assert (said.code, "is not there" in said.err) == (1, True)


def test_a_backfill_needs_its_feeds_by_name_and_a_time(operator: Operator) -> None:
    operator.desk.ask("UPDATE orders SET amount = '9.00' WHERE id = 1")
    operator.desk.ask("UPDATE orders SET changed = '2026-11-20 08:00:00' WHERE id = 2")
    assert operator("sync", "--from", "2026-11-20").code == 2
    assert operator("sync", "shop.orders", "--from", "yesterday").code == 2
    said = operator("sync", "shop.orders", "--from", "2026-11-20", "--no-refresh", "--json")
    assert said.code == 0
    assert said.document["feeds"][0]["rows_landed"] == 2
