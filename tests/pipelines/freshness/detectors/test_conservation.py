"""Conservation: a row that is missing between any two counts is told, and staged rows that readers do not have."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from pipelines.freshness.detectors.conservation import publish_behind, rows_unaccounted
from pipelines.freshness.history import Batch, FeedHistory
from tests.pipelines.freshness.detectors.evidence_factory import a_failed_run, ago, only
from tests.pipelines.freshness.history_factory import CATALOG, NOON, a_batch, a_history, a_run


def test_what_was_read_is_landed_rejected_or_was_here() -> None:
    whole = a_run(ago(2), rows_read=10, rows_landed=6, rows_rejected=1, rows_reread=3)
    assert only(rows_unaccounted(a_history([whole]))).verdict == "PASS"
    short = replace(whole, rows_read=12)
    found = only(rows_unaccounted(a_history([short, replace(whole, started_at=ago(1))])))
    assert (found.verdict, found.rows, found.onset, found.evidence_at) == ("FAIL", 2, ago(2), ago(1))
    assert only(rows_unaccounted(a_history())).verdict == "UNKNOWN"


def test_a_run_that_failed_owes_no_account() -> None:
    failed = replace(a_failed_run(ago(1), "stopped"), rows_read=10)
    assert only(rows_unaccounted(a_history([failed]))).verdict == "UNKNOWN"


@pytest.mark.parametrize(
    ("facts", "rows"),
    [
        ({"claimed_rows": 11}, 1),
        ({"claimed_rows": 9}, 1),
        ({"rows_in": 7}, 3),
        ({"rows_new": 8}, 2),
        ({"rows_new": 0, "rows_changed": 1, "rows_unchanged": 1, "rows_quarantined": 1, "rows_duplicate": 1}, 6),
    ],
)
def test_a_batch_whose_counts_differ_is_told_with_the_rows_that_are_missing(facts: dict[str, int], rows: int) -> None:
    found = only(rows_unaccounted(a_history([], [a_batch(1, ago(1), 10, **facts)])))
    assert (found.verdict, found.rows) == ("FAIL", rows)


@pytest.mark.parametrize(
    "facts",
    [
        {"claimed_rows": 10},
        {"claimed_rows": 13, "reread_count": 3},
        {"reject_count": 2, "rows_in": 12, "rows_quarantined": 2},
        {"rows_new": 4, "rows_changed": 1, "rows_unchanged": 1, "rows_quarantined": 1, "rows_duplicate": 1,
         "rows_refused": 2},
    ],
)  # fmt: skip
def test_a_batch_whose_counts_agree_passes(facts: dict[str, int]) -> None:
    assert only(rows_unaccounted(a_history([], [a_batch(1, ago(1), 10, **facts)]))).verdict == "PASS"


def test_a_batch_that_is_landed_and_not_staged_within_a_quarter_of_an_hour_is_told() -> None:
    def verdict(landed_at: datetime) -> str:
        batch = a_batch(1, landed_at, 10, state="landed", staged_at=None, rows_in=None)
        return only(rows_unaccounted(a_history([], [batch]))).verdict

    assert verdict(ago(1)) == "PASS"
    assert verdict(ago(1) - timedelta(seconds=1)) == "FAIL"


def staged(feed: str, at: datetime, published_at: datetime | None, **tally: int) -> FeedHistory:
    batch: Batch = a_batch(1, at, 10, staged_at=at, **tally)
    return replace(a_history([], [batch], contract=CATALOG[feed]), published_at=published_at)


def verdicts(*histories: FeedHistory) -> dict[str, str]:
    return {found.feed: found.verdict for found in publish_behind({one.feed: one for one in histories})}


def test_what_is_staged_for_an_hour_without_being_published_is_told_by_the_feed_that_waits_longest() -> None:
    orders = staged("shop.orders", ago(5), ago(9))
    payments = staged("shop.payments", ago(6), ago(9))
    tickets = staged("helpdesk.tickets", ago(10), ago(9))
    assert verdicts(orders, payments, tickets) == {
        "shop.orders": "UNKNOWN",
        "shop.payments": "FAIL",
        "helpdesk.tickets": "PASS",
    }


def test_what_was_staged_within_the_hour_may_still_be_on_its_way() -> None:
    assert verdicts(staged("shop.orders", ago(4), ago(9))) == {"shop.orders": "UNKNOWN"}
    assert verdicts(staged("shop.orders", ago(5), None)) == {"shop.orders": "FAIL"}
    assert verdicts(a_history()) == {"shop.orders": "UNKNOWN"}


def test_a_batch_that_changed_nothing_has_nothing_to_publish() -> None:
    assert verdicts(staged("shop.orders", ago(9), ago(20), rows_new=0, rows_unchanged=10)) == {"shop.orders": "PASS"}


def test_nothing_is_behind_once_it_is_published() -> None:
    assert verdicts(staged("shop.orders", ago(9), NOON)) == {"shop.orders": "PASS"}
