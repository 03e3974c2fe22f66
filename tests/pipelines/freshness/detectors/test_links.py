"""Links between feeds: what waits is silent, what waits too long is told, and so are parents and totals that differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from pipelines.freshness.detectors.links import mixed_times, orphans, stale_parent, totals_disagree
from pipelines.freshness.history import FeedHistory
from pipelines.ledger.links import LinkDay, TotalDay
from tests.pipelines.freshness.contents_factory import told
from tests.pipelines.freshness.history_factory import CATALOG, NOON, a_history, a_run

LINES = CATALOG["shop.order_lines"]
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def of(history: FeedHistory) -> dict[str, FeedHistory]:
    return {history.feed: history}


def linked(counts: Sequence[tuple[int, int]]) -> FeedHistory:
    """Order lines of some days up to yesterday, as (rows, orphans)."""
    links = []
    for back, (rows, waiting) in zip(range(len(counts), 0, -1), counts, strict=True):
        day = NOON - DAY * back
        links.append(LinkDay("shop.orders", "order_id", day, rows, waiting, day if waiting else None, NOON))
    return replace(a_history(contract=LINES), links=tuple(links))


def test_without_evidence_no_link_passes() -> None:
    histories = {feed: a_history(contract=contract) for feed, contract in CATALOG.items()}
    for detector in (orphans, stale_parent, mixed_times, totals_disagree):
        found = list(detector(histories))
        assert {one.verdict for one in found} == {"UNKNOWN"}
        assert {one.feed for one in found} == set(CATALOG)


def test_orphans_of_a_day_are_told_until_they_are_gone_however_good_later_days_are() -> None:
    history = linked([(1000, 2), (1000, 300), (1000, 1), (1000, 0)])
    (found, _) = orphans(of(history))
    assert (found.verdict, found.segment, found.rows) == ("FAIL", "order_id", 300)
    assert found.onset == NOON - 3 * DAY
    assert told(orphans(of(linked([(1000, 2), (1000, 3), (1000, 1), (1000, 0)])))) == {}


def test_the_first_two_orphans_of_a_link_that_always_held_are_told_where_they_are_many_of_their_day() -> None:
    # 14 rows, 2 of them orphans, after 1,400 without: 14 · KL(1/7 ‖ 0.2/1,600) = 12.2, above 11.5.
    always = [(140, 0)] * 10
    (found,) = told(orphans(of(linked([*always, (14, 2), (14, 0)])))).items()
    assert found == ("order_id", "FAIL")
    assert told(orphans(of(linked([*always, (14, 1)])))) == {}  # one may be a slip
    assert told(orphans(of(linked([*always, (1000, 2)])))) == {}
    assert told(orphans(of(linked([*always[:1], (14, 2)])))) == {}  # 140 rows promise nothing
    assert told(orphans(of(linked([(140, 1), *always, (14, 2)])))) == {}  # and this link did not hold before


def test_a_few_orphans_every_day_are_dirt() -> None:
    assert told(orphans(of(linked([(1000, 12)] * 20)))) == {}


def read_at(child: timedelta, parent: timedelta) -> dict[str, FeedHistory]:
    """Order lines and orders, each last read so long before noon."""
    lines = a_history([a_run(NOON - child)], contract=LINES)
    return {LINES.feed: lines, "shop.orders": a_history([a_run(NOON - parent)])}


def test_a_parent_that_is_not_read_an_hour_after_it_was_due_is_stale_for_its_children() -> None:
    # Read at 10:30, due at 10:45, an hour of slack: until 11:45 a child may be ahead.
    parent = timedelta(minutes=90)
    assert told(stale_parent(read_at(15 * MINUTE, parent))) == {"": "UNKNOWN"}  # of orders, whose parent never was read
    assert {one.verdict for one in stale_parent(read_at(14 * MINUTE, parent)) if one.feed == LINES.feed} == {
        "FAIL",
        "PASS",
    }


def test_a_child_that_stopped_with_its_parent_has_no_stale_parent() -> None:
    found = stale_parent(read_at(10 * DAY, 10 * DAY + 15 * MINUTE))
    assert {one.verdict for one in found if one.feed == LINES.feed} == {"PASS"}


def test_a_feed_behind_the_newest_by_more_than_its_promise_and_grace_mixes_times() -> None:
    # Orders promise 26 h with 4 h of grace.
    assert {one.feed: one.verdict for one in mixed_times(read_at(timedelta(0), timedelta(hours=30)))} == {
        "shop.order_lines": "PASS",
        "shop.orders": "PASS",
    }
    late = {one.feed: one for one in mixed_times(read_at(timedelta(0), timedelta(hours=31)))}
    assert late["shop.orders"].verdict == "FAIL"
    assert late["shop.orders"].onset == NOON - timedelta(hours=1)


def totals(differing: Sequence[int]) -> FeedHistory:
    """Days of 100 orders up to yesterday, with so many that differ from their lines."""
    days = [
        TotalDay("shop.orders", NOON - DAY * back, 100, count, NOON)
        for back, count in zip(range(len(differing), 0, -1), differing, strict=True)
    ]
    return replace(a_history(contract=LINES), totals=tuple(days))


def test_a_day_on_which_sums_differ_is_told_and_one_row_in_a_hundred_is_not() -> None:
    (found,) = totals_disagree(of(totals([0, 1, 0, 1, 40, 0])))
    assert (found.verdict, found.rows, found.onset) == ("FAIL", 40, NOON - 2 * DAY)
    (found,) = totals_disagree(of(totals([0, 1, 0, 1, 1, 0])))
    assert found.verdict == "PASS"


def test_sums_that_differ_in_a_few_rows_on_each_of_three_days_are_told() -> None:
    (found,) = totals_disagree(of(totals([0, 0, 0, 0, 2, 2, 2])))
    assert (found.verdict, found.rows) == ("FAIL", 2)
