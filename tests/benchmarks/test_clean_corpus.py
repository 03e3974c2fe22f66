import shutil
import sqlite3
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from clean_calendar import LIVES, Life, Plan
from clean_corpus import CleanLife
from clean_deeds import contract_at
from clean_report import counted, rate, write_report
from oracle import differences

from connectors.catalog import load_catalog

FEEDS = ("shop.orders", "shop.accounts")
# Two looks a day. The database is away for the first look at day 1; that day accounts get a column, and on the next old
# orders come.
SHORT = Life(
    30,
    date(2024, 3, 28),
    40,
    hours=(2, 14),
    plans=(
        Plan("shop moves house", "outage", FEEDS, 1, after=timedelta(hours=10), begins=time(22)),
        Plan("language of accounts", "columns", ("shop.accounts",), 1, is_once=True),
        Plan("orders of the old shop", "backfill", ("shop.orders",), 2),
    ),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def look(due: str, told: list[list[str]], landed: dict[str, int], **facts: Any) -> dict[str, Any]:
    known = {"life": 1, "day": int(due[8:10]), "due": due, "told": told, "landed": landed, "wrong": {}}
    return known | {"kinds": [], "announced": {}, "cpu_seconds": 1.0, "commit": "abc"} | facts


# Berlin goes from one to two hours ahead of UTC at 01:00 UTC of 31 March 2024: 02:30 is not on its wall that day.
def test_the_hours_of_reading_follow_the_clock_on_the_wall_through_its_change() -> None:
    found = list(replace(LIVES[0], hours=(2, 8, 14, 20)).moments(at("2024-03-30 12:00"), at("2024-03-31 19:00")))
    expected = ["2024-03-30 13:30", "2024-03-30 19:30", "2024-03-31 01:30", "2024-03-31 06:30", "2024-03-31 12:30"]
    assert found == [at(moment) for moment in (*expected, "2024-03-31 18:30")]


# 15 orders for 1,000 customers on a plain day; day 14 is two weeks on, day 34 the first campaign of a life.
@pytest.mark.parametrize(
    ("day", "orders"),
    [
        (0, 15.0),  # Monday 16 September 2024
        (5, 15.0 * 1.02 ** (5 / 7) * 0.45),  # Saturday
        (14, 15.0 * 1.02**2 * 1.6),  # Monday 30 September, the last of the month
        (17, 15.0 * 1.02 ** (17 / 7) * 0.3),  # Thursday 3 October, a holiday
        (34, 15.0 * 1.02 ** (34 / 7) * 0.45 * 20),  # Sunday 20 October
    ],
)
def test_business_follows_growth_weekends_holidays_month_ends_and_campaigns(day: int, orders: float) -> None:
    assert LIVES[0].volumes(day).orders * 1000 == pytest.approx(orders)


def test_a_happening_stands_in_the_contract_three_days_before_it_begins() -> None:
    contract = load_catalog()["shop.orders"]

    def told(moment: str) -> list[str]:
        watch = contract_at(LIVES[0], contract, 0, at(moment)).watch
        return [f"{one.kind} {one.begins:%m-%d %H} {one.ends:%m-%d %H}" for one in watch.announced]

    # Day 25 is 11 October, day 28 the 14th.
    assert told("2024-10-07 23:59") == []
    assert told("2024-10-08 00:00") == ["backfill 10-11 00 10-13 00"]
    assert told("2024-10-11 22:00") == ["backfill 10-11 00 10-13 00", "outage 10-14 22 10-15 10"]


def test_the_first_four_months_of_each_life_see_the_clocks_change_and_those_of_all_see_christmas_and_easter() -> None:
    days = [
        [(life, day, next(life.moments(at_end(life, day), at_end(life, day + 1)))) for day in range(120)]
        for life in LIVES
    ]
    kinds = [{kind for life, day, moment in own for kind in life.kinds_of_day(day, moment)} for own in days]
    assert all({"clocks change", "month end", "public holiday", "weekend"} <= own for own in kinds)
    dates = {life.start + timedelta(days=day) for own in days for life, day, _ in own}
    assert {date(2024, 12, 25), date(2024, 4, 1), date(2024, 5, 1)} <= dates


def at_end(life: Life, day: int) -> datetime:
    return datetime.combine(life.start + timedelta(days=day + 1), time(0, 5), UTC)


def test_a_sync_counts_for_all_that_was_about_it_and_an_alert_when_it_opens() -> None:
    late = ["shop.orders", "late", ""]
    looks = [
        look("2024-10-05T01:30", [], {"shop.orders": 5, "carrier.shipments": 2}, kinds=["weekend"]),
        look(
            "2024-10-05T07:30", [late], {"shop.orders": 0}, announced={"shop.orders": ["campaign"]}, kinds=["weekend"]
        ),
        look("2024-10-05T13:30", [late], {"shop.orders": 0}),
        look("2024-10-05T19:30", [], {"shop.orders": 0}),
        look("2024-10-06T01:30", [late], {"shop.orders": 3}),
    ]
    found = counted([looks])
    assert (found.total, found.idle["shop.orders"], found.announced, len(found.opened)) == (6, 3, 1, 2)
    assert found.about == {"weekend": 3, "announced: campaign": 1, "none of these": 3}


# Garwood's bounds of one event are 0.0253 and 5.572.
def test_the_report_tells_the_rate_with_its_interval_and_where_it_comes_from(tmp_path: Path) -> None:
    looks = [look("2024-10-05T01:30", [["shop.orders", "late", ""]], dict.fromkeys(map(str, range(100)), 1))]
    write_report([looks], tmp_path / "clean.md")
    text = (tmp_path / "clean.md").read_text(encoding="utf-8")
    assert "False alarms: **10.00 (0.25 to 55.72)** per 1,000 clean syncs" in text
    assert "| late | 1 | 10.00 (0.25 to 55.72) | shop.orders, life 1, 2024-10-05 |" in text
    assert rate(0, 0) == "–"


def test_a_life_goes_on_where_it_was_and_begins_anew_when_it_was_killed_within_a_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(life: CleanLife, day: int, moment: datetime, place: int, *, is_last: bool) -> dict[str, Any]:
        life.world.home.root.mkdir(exist_ok=True)
        life.world.home.ledger.touch()
        return {"day": day, "due": moment.isoformat(), "place": place, "is_last": is_last}

    monkeypatch.setattr(CleanLife, "_look", taken)

    def lived(days: int) -> list[tuple[int, int]]:
        life = CleanLife(SHORT, tmp_path, FEEDS)
        with life.world:
            return [(look["day"], look["place"]) for look in life.live(days)]

    assert [lived(1), lived(2)] == [[(0, 0), (0, 1)], [(1, 0), (1, 1)]]
    assert len(lived(10)) == 16  # the home is kept aside after the tenth day
    assert lived(11) == [(10, 0), (10, 1)]
    (tmp_path / "within-a-look").touch()
    assert lived(11) == [(10, 0), (10, 1)]
    shutil.rmtree(tmp_path / "kept")
    (tmp_path / "home" / "ledger.db").unlink()
    assert lived(1) == [(0, 0), (0, 1)]


def test_a_short_clean_life_goes_through_the_pipeline_without_an_alert_and_without_a_wrong_row(tmp_path: Path) -> None:
    life = CleanLife(SHORT, tmp_path, FEEDS)
    with life.world:
        looks = list(life.live(3))
    is_away = [any("not there" in trouble for trouble in look["troubles"]) for look in looks]
    assert is_away == [False, False, True, False, False, False]
    assert [look["told"] for look in looks] == [[]] * 6
    truth = life.world.chronicle.day(2)
    wrong = differences(truth, truth, life.world.home.warehouse, FEEDS)
    assert {feed: one.rows for feed, one in wrong.items()} == dict.fromkeys(FEEDS, 0)
    with sqlite3.connect(truth / "shop" / "shop.db") as shop:
        spoken = shop.execute("SELECT id, language FROM customers WHERE language IS NOT NULL ORDER BY id").fetchall()
        ((old,),) = shop.execute("SELECT count(*) FROM orders WHERE id > 50000000").fetchall()
    with duckdb.connect(str(life.world.home.warehouse), read_only=True) as staged:
        assert (
            staged.execute(
                "SELECT account_id::BIGINT, language FROM staging.accounts WHERE language IS NOT NULL ORDER BY 1"
            ).fetchall()
            == spoken
        )
        assert staged.execute("SELECT count(*) FROM staging.orders WHERE order_id::BIGINT > 50000000").fetchall() == [
            (old,)
        ]
    assert len(spoken) > 0
    assert old > 0
