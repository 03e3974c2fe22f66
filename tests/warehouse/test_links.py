"""Orphans, shared totals and counts of staged rows, on a few orders and lines."""

from __future__ import annotations

from datetime import UTC, date, datetime

import duckdb
import pytest

from warehouse.links import (
    End,
    FollowDay,
    OrphanDay,
    TotalDay,
    compare_totals,
    count_followed,
    count_orphans,
    count_staged,
)
from warehouse.staging import ensure_schema

LINES, ORDERS = End("shop.lines", "lines", "shop"), End("shop.orders", "orders", "shop")


def day(number: int, hour: int = 0) -> datetime:
    return datetime(2026, 11, number, hour, tzinfo=UTC)


NINE_ON_THE_10TH, MONTH_END = day(10, 9), day(30)


class Desk:
    """Staging with orders and their lines."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        types = {
            "orders": {"order_id": "VARCHAR", "gross": "DECIMAL(18,2)", "ordered_at": "TIMESTAMP"},
            "lines": {"order_id": "VARCHAR", "net": "DECIMAL(18,2)", "made_at": "TIMESTAMP"},
        }
        ensure_schema(self.connection, types)

    def order(self, key: str, gross: str | None = None, on: int = 1, **more: object) -> None:
        values = {"order_id": key, "gross": gross, "ordered_at": day(on, 10).replace(tzinfo=None)}
        self._insert("orders", _key=key.replace("|", r"\|"), _feed=ORDERS.feed, **values, **more)

    def line(
        self, order: str | None, net: str | None = None, landed: datetime = NINE_ON_THE_10TH, **more: object
    ) -> None:
        at = landed.replace(tzinfo=None)
        self._insert("lines", order_id=order, net=net, _landed_at=at, _feed=LINES.feed, **more)

    def _insert(self, table: str, **values: object) -> None:
        values = {"_source_system": "shop", "_is_deleted": False, **values}
        places = ", ".join("?" for _ in values)
        self.connection.execute(
            f"INSERT INTO staging.{table} ({', '.join(values)}) VALUES ({places})", [*values.values()]
        )

    def orphans(self, until: datetime = MONTH_END) -> list[OrphanDay]:
        return count_orphans(
            self.connection, LINES, "order_id", ORDERS, event_time="made_at", since=day(5), until=until
        )

    def followed(self, until: datetime = MONTH_END, when: str | None = None) -> list[FollowDay]:
        return count_followed(
            self.connection, LINES, "order_id", ORDERS, event_time="ordered_at", when=when, since=day(1), until=until
        )

    def totals(self, until: datetime = MONTH_END, when: str | None = None) -> list[TotalDay]:
        return compare_totals(
            self.connection,
            LINES,
            "net",
            ORDERS,
            "gross - 1",
            through="order_id",
            when=when,
            event_time="ordered_at",
            since=day(1),
            until=until,
        )


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_row_without_its_parent_is_an_orphan_of_the_day_on_which_it_landed(desk: Desk) -> None:
    desk.order("1")
    for order, landed in (("1", day(10, 8)), ("2", day(10, 9)), ("3", day(10, 7)), ("1", day(11))):
        desk.line(order, landed=landed)
    assert desk.orphans() == [
        OrphanDay(date(2026, 11, 10), 3, 2, day(10, 7).replace(tzinfo=None)),
        OrphanDay(date(2026, 11, 11), 1, 0, None),
    ]


def test_rows_outside_the_time_deleted_ones_and_those_that_name_nobody_are_not_counted(desk: Desk) -> None:
    desk.line("9", landed=day(4))
    desk.line("9", landed=day(12))
    desk.line("9", landed=day(10), _is_deleted=True)
    desk.line(None, landed=day(10))
    assert desk.orphans(until=day(11)) == []


def test_a_row_waits_from_when_it_came_about_and_not_only_from_when_it_landed(desk: Desk) -> None:
    early = day(11, 8).replace(tzinfo=None)
    desk.line("7", landed=day(12), made_at=early)
    desk.line("8", landed=day(12), made_at=day(11, 23).replace(tzinfo=None), _changed_at=early)
    desk.line("9", landed=day(12), made_at=early, _changed_at=day(11, 23).replace(tzinfo=None))
    desk.line("9", landed=day(12))
    assert [(found.rows, found.orphans) for found in desk.orphans(until=day(11, 12))] == [(2, 2)]


def test_a_parent_in_quarantine_or_deleted_at_its_source_is_known(desk: Desk) -> None:
    desk.connection.execute(
        "INSERT INTO quarantine.held_row (feed, _key, status) VALUES (?, '2', 'held'), (?, '2', 'held')",
        [ORDERS.feed, ORDERS.feed],
    )
    desk.order("3", _is_deleted=True)
    desk.line("2")
    desk.line("3")
    assert [(found.rows, found.orphans) for found in desk.orphans()] == [(2, 0)]


def test_a_reference_with_a_bar_in_it_finds_its_parent(desk: Desk) -> None:
    desk.order("30|0")
    desk.line("30|0")
    assert [(found.rows, found.orphans) for found in desk.orphans()] == [(1, 0)]


def test_a_parent_differs_when_its_children_add_up_to_something_else(desk: Desk) -> None:
    desk.order("1", "11.00", on=1)
    desk.order("2", "11.00", on=2)
    desk.order("3", "11.00", on=2)
    for order, net in (("1", "4.00"), ("1", "6.00"), ("2", "10.00"), ("3", "9.99")):
        desk.line(order, net)
    assert desk.totals() == [TotalDay(date(2026, 11, 10), 3, 1)]
    assert desk.totals(until=day(2)) == [TotalDay(date(2026, 11, 10), 1, 0)]


def test_what_one_delivery_changed_is_counted_together_however_old_its_parents_are(desk: Desk) -> None:
    desk.order("1", "11.00", on=1, _landed_at=day(8).replace(tzinfo=None))
    desk.order("2", "11.00", on=2, _landed_at=day(14).replace(tzinfo=None))
    desk.order("3", "11.00", on=3, _landed_at=day(4).replace(tzinfo=None))
    for order, net, landed in (("1", "4.00", 9), ("1", "7.00", 12), ("2", "10.00", 11), ("3", "9.99", 12)):
        desk.line(order, net, landed=day(landed))
    assert desk.totals() == [TotalDay(date(2026, 11, 12), 2, 2), TotalDay(date(2026, 11, 14), 1, 0)]


def test_only_the_children_that_count_are_added_up(desk: Desk) -> None:
    desk.order("1", "11.00")
    desk.line("1", "10.00")
    desk.line("1", "-3.00")
    assert desk.totals() == [TotalDay(date(2026, 11, 10), 1, 1)]
    assert desk.totals(when="net > 0") == [TotalDay(date(2026, 11, 10), 1, 0)]


def test_a_parent_of_which_a_side_changed_since_it_was_read_is_not_compared(desk: Desk) -> None:
    late = day(20).replace(tzinfo=None)
    desk.order("1", "99.00", _changed_at=late)
    desk.order("2", "99.00", _changed_at=day(2).replace(tzinfo=None))
    desk.line("1", "10.00")
    desk.line("2", "10.00", _changed_at=late)
    assert desk.totals(until=day(20)) == []
    assert desk.totals(until=day(20, 1)) == [TotalDay(date(2026, 11, 10), 2, 2)]


def test_parents_are_counted_by_day_with_those_that_have_a_child(desk: Desk) -> None:
    for key, on in (("1", 1), ("2", 1), ("3", 2), ("4", 3)):
        desk.order(key, on=on)
    desk.order("5", on=1, _is_deleted=True)
    for order in ("1", "1", "4"):
        desk.line(order)
    desk.line("3", _is_deleted=True)
    assert desk.followed(until=day(3)) == [FollowDay(1, 2, 1), FollowDay(0, 1, 0)]


def test_only_parents_that_meet_the_condition_are_counted(desk: Desk) -> None:
    for key, gross in (("1", "5.00"), ("2", "9.00"), ("3", "9.00"), ("4", None)):
        desk.order(key, gross)
        desk.line(key if key != "3" else None)
    assert desk.followed(until=day(2), when="gross > 5") == [FollowDay(0, 2, 1)]
    assert desk.followed(until=day(2), when="gross = 5 OR gross = 9") == [FollowDay(0, 3, 2)]


def test_what_cannot_be_added_up_is_left_out(desk: Desk) -> None:
    desk.order("1", None)
    desk.order("2", "11.00")
    desk.order("3", "11.00")
    desk.order("4", "11.00", _is_deleted=True)
    desk.line("1", "3.00")
    desk.line("2", "3.00")
    desk.line("2", None)
    desk.line("4", "3.00")
    assert desk.totals() == []


def test_staged_rows_are_counted_by_source_system_deleted_ones_too(desk: Desk) -> None:
    desk.order("1")
    desk.order("2", _is_deleted=True)
    desk.order("3", _source_system="till")
    assert count_staged(desk.connection, "orders") == {"shop": 2, "till": 1}
