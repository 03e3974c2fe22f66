"""One incident is one alert, and two incidents are two."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.freshness.finding import Finding
from pipelines.ledger.alerts import Silence, record_silence
from tests.pipelines.alerts.alert_factory import HOUR, MINUTE, NOON, ORDERS, Watched, finding

SYNC = timedelta(minutes=15)
assert ORDERS.schedule == "*/15 * * * *"


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path)
    yield made
    made.ledger.close()


def test_columns_that_go_wrong_together_are_one_alert_that_lists_them(watched: Watched) -> None:
    columns = ("shipped_at", "promised_at", "delivered_at")
    watched.give(0, [finding("FAIL", "unreadable_values", at=NOON, segment=column) for column in columns])
    assert watched.events == ["open unreadable_values"]
    assert watched.told[0].covered == (
        "shop.orders: Values are not of their type (promised_at)",
        "shop.orders: Values are not of their type (delivered_at)",
    )


def test_a_warehouse_that_cannot_be_read_is_one_alert_and_feeds_that_lost_rows_of_their_own_are_several(
    watched: Watched,
) -> None:
    feeds = ("mailer.activity", "shop.orders")

    def lost(minute: float, trouble: dict[str, str]) -> list[Finding]:
        at = NOON + minute * MINUTE
        return [replace(finding("FAIL", "ledger_disagrees", feed, at=at), evidence=trouble) for feed in feeds]

    watched.give(0, lost(0, {"trouble": "warehouse.duckdb is not there"}))
    assert watched.events == ["open ledger_disagrees"]
    assert watched.told[0].covered == ("shop.orders: The warehouse does not hold what the ledger counted",)
    watched.give(15, lost(15, {}))
    assert watched.events[1:] == ["open ledger_disagrees"]


def test_a_file_without_a_column_that_ends_the_read_of_others_is_one_alert_that_names_the_column(
    watched: Watched,
) -> None:
    watched.round(0, ("FAIL", "incomplete_read"), ("FAIL", "column_renamed"))
    assert watched.events == ["open column_renamed"]
    assert watched.told[0].covered == ("shop.orders: A read ended early",)


def test_a_column_that_goes_wrong_four_syncs_later_is_an_alert_of_its_own(watched: Watched) -> None:
    watched.give(0, [finding("FAIL", "unreadable_values", at=NOON, segment="shipped_at")])
    later = NOON + 4 * SYNC
    watched.give(60, [finding("FAIL", "unreadable_values", at=later, segment="delivered_at")])
    assert watched.events == ["open unreadable_values"] * 2


def test_what_is_only_unusual_lies_under_the_exact_failure_that_it_began_with(watched: Watched) -> None:
    watched.round(0, ("FAIL", "null_flood"), ("FAIL", "impossible"))
    watched.round(15, ("FAIL", "null_flood"), ("FAIL", "impossible"))
    assert watched.events == ["open impossible"]
    assert watched.states["shop.orders|null_flood|staged|"] == "SUPPRESSED"


def test_what_is_unusual_in_newer_batches_than_those_of_the_exact_failure_is_told_by_itself(watched: Watched) -> None:
    watched.round(0, ("FAIL", "null_flood"), ("FAIL", "impossible"))
    watched.round(15, ("FAIL", "null_flood"), ("FAIL", "impossible"))
    # The same batch shows that the one is over and still tells of the other.
    watched.round(30, ("FAIL", "null_flood"), ("PASS", "impossible"))
    assert watched.events == ["open impossible", "resolve impossible"]
    watched.round(45, ("FAIL", "null_flood"))
    assert watched.events[2:] == ["open null_flood"]


def test_what_becomes_unusual_long_after_an_exact_failure_began_is_told_apart(watched: Watched) -> None:
    watched.round(0, ("FAIL", "impossible"))
    watched.round(60, ("FAIL", "impossible"), ("FAIL", "null_flood"))
    watched.round(75, ("FAIL", "impossible"), ("FAIL", "null_flood"))
    assert watched.events == ["open impossible", "open null_flood"]


def test_what_begins_with_a_failure_that_is_kept_silent_is_told(watched: Watched) -> None:
    silence = Silence("shop.orders", "impossible", NOON, NOON + HOUR, "ana", "known")
    record_silence(watched.ledger, silence)
    for minute in (0, 15):
        watched.round(minute, ("FAIL", "null_flood"), ("FAIL", "impossible"))
    assert watched.events == ["open null_flood"]


def test_rows_are_not_unusual_because_none_come(watched: Watched) -> None:
    for minute in (0, 15):
        watched.round(minute, ("FAIL", "unit_changed"), ("FAIL", "failing"))
    assert sorted(watched.events) == ["open failing", "open unit_changed"]


def test_two_exact_failures_that_begin_together_are_two_alerts(watched: Watched) -> None:
    watched.round(0, ("FAIL", "unknown_code"), ("FAIL", "damaged_text"))
    assert watched.events == ["open unknown_code", "open damaged_text"]


def test_what_one_comparison_with_the_source_finds_is_one_alert_and_each_part_lasts_by_itself(watched: Watched) -> None:
    found = ("rows_missing", "rows_outdated", "rows_extra")
    watched.round(0, *(("FAIL", failure) for failure in found))
    assert watched.events == ["open rows_missing"]
    assert watched.told[0].covered == (
        "shop.orders: Rows differ from the source",
        "shop.orders: Rows are here that the source no longer shows",
    )
    watched.round(15, ("PASS", "rows_missing"), ("FAIL", "rows_outdated"), ("PASS", "rows_extra"))
    watched.round(30, ("PASS", "rows_missing"), ("FAIL", "rows_outdated"), ("PASS", "rows_extra"))
    assert watched.events[1:] == ["resolve rows_missing", "open rows_outdated"]


def test_what_a_later_comparison_finds_is_an_alert_of_its_own(watched: Watched) -> None:
    watched.round(0, ("FAIL", "rows_missing"))
    watched.round(24 * 60, ("FAIL", "rows_missing"), ("FAIL", "rows_extra"))
    assert watched.events == ["open rows_missing", "open rows_extra"]


def test_faults_of_two_feeds_at_once_are_two_alerts(watched: Watched) -> None:
    for minute in (0, 15):
        watched.round(minute, ("FAIL", "impossible", "shop.orders"), ("FAIL", "null_flood", "helpdesk.tickets"))
    assert [notice.feed for notice in watched.told] == ["shop.orders", "helpdesk.tickets"]


@pytest.mark.parametrize(
    ("symptom", "cause"),
    [
        ("old_events", "unusual_volume"),
        ("unusual_volume", "keys_merged"),
        ("unusual_volume", "frozen"),
        ("unusual_volume", "default_flood"),
        ("keys_merged", "default_flood"),
    ],
)
def test_deviations_of_one_onset_stand_under_the_one_that_the_catalogue_holds_for_their_cause(
    watched: Watched, symptom: str, cause: str
) -> None:
    for minute in (0, 15):
        watched.round(minute, ("FAIL", symptom), ("FAIL", cause))
    assert watched.events == [f"open {cause}"]


def test_a_deviation_that_explains_a_known_one_is_its_news_wherever_it_is_seen(watched: Watched) -> None:
    for minute in (0, 15):
        watched.round(minute, ("FAIL", "keys_merged"))
    for minute in (30, 45, 60):
        watched.round(minute, ("FAIL", "keys_merged"), ("FAIL", "default_flood"))
    assert watched.events[0] == "open keys_merged"
    assert set(watched.events[1:]) == {"update keys_merged"}


def test_rows_that_the_warehouse_lost_and_that_come_again_are_one_incident(watched: Watched) -> None:
    watched.round(0, ("FAIL", "ledger_disagrees"))
    for minute in (2 * 24 * 60, 3 * 24 * 60):
        watched.round(minute, ("FAIL", "ledger_disagrees"), ("FAIL", "old_events"))
    assert watched.events == ["open ledger_disagrees"]


def test_what_the_exact_check_downstream_finds_does_not_take_over_what_is_told_already(watched: Watched) -> None:
    for minute in (0, 15):
        watched.round(minute, ("FAIL", "unusual_volume"))
    watched.give(16, [finding("FAIL", "totals_disagree", at=NOON + 15 * MINUTE)])
    assert watched.states["shop.orders|unusual_volume|landed|"] == "OPEN"


def test_attempts_that_fail_after_one_that_hung_are_one_incident(watched: Watched) -> None:
    watched.round(0, ("FAIL", "hung"))
    watched.round(15, ("FAIL", "failing"))
    assert watched.events == ["open hung"]


def test_what_explains_a_known_alert_at_the_same_boundary_is_its_news_and_no_second_alert(watched: Watched) -> None:
    watched.round(0, ("FAIL", "silent_stop"))
    for minute in (15, 30):
        watched.round(minute, ("FAIL", "silent_stop"), ("FAIL", "stuck_cursor"))
    assert watched.events == ["open silent_stop", "update silent_stop"]
    assert watched.told[1].reason.startswith("its cause was found: The cursor stands still: stuck_cursor is FAIL")
    assert watched.told[1].covered == ("shop.orders: The cursor stands still",)
    watched.round(45, ("PASS", "silent_stop"), ("FAIL", "stuck_cursor"))
    watched.round(60, ("FAIL", "stuck_cursor"))
    assert watched.events[2:] == ["resolve silent_stop", "open stuck_cursor"]


def test_what_explains_a_known_alert_from_a_boundary_before_it_or_from_a_later_time_is_told(watched: Watched) -> None:
    watched.round(0, ("FAIL", "silent_stop"))
    watched.round(15, ("FAIL", "silent_stop"), ("FAIL", "credentials"))
    assert watched.events == ["open silent_stop", "open credentials"]
    watched.round(30, ("PASS", "credentials"), ("FAIL", "silent_stop"))
    watched.round(90, ("FAIL", "silent_stop"), ("FAIL", "stuck_cursor"))
    assert watched.events[-1] == "open stuck_cursor"


def test_what_a_parent_lacks_lies_under_the_rows_that_wait_for_it(watched: Watched) -> None:
    waiting = Finding("shop.payments", "orphans", "FAIL", "5 rows wait", segment="order_id", evidence_at=NOON)
    watched.give(0, [waiting])
    for minute in (1, 2):
        watched.give(minute, [waiting, finding("FAIL", "unusual_volume", at=NOON + minute * MINUTE)])
    assert watched.events == ["open orphans"]


def test_children_of_several_feeds_that_wait_for_one_parent_are_one_incident(watched: Watched) -> None:
    def waiting(feed: str, column: str, minute: int) -> Finding:
        return Finding(feed, "orphans", "FAIL", "5 rows wait", segment=column, evidence_at=NOON + minute * MINUTE)

    watched.give(0, [waiting("shop.payments", "order_id", 0)])
    watched.give(1, [waiting("shop.payments", "order_id", 1), waiting("carrier.shipments", "order_id", 1)])
    assert watched.events == ["open orphans"]
    elsewhere = waiting("shop.orders", "account_id", 2)  # for another parent
    watched.give(2, [waiting("shop.payments", "order_id", 2), waiting("carrier.shipments", "order_id", 2), elsewhere])
    assert watched.events == ["open orphans", "open orphans"]


def test_a_deviation_that_is_about_to_be_told_is_told_by_the_name_of_its_cause_seen_for_the_first_time(
    watched: Watched,
) -> None:
    watched.round(0, ("FAIL", "unusual_volume"))
    watched.round(15, ("FAIL", "unusual_volume"), ("FAIL", "missing_children"))
    watched.round(30, ("FAIL", "unusual_volume"), ("FAIL", "missing_children"))
    assert watched.events == ["open missing_children"]
    assert watched.told[0].covered == ("shop.orders: Far more or fewer rows than usual",)


def test_what_explains_nothing_that_is_about_to_be_told_takes_two_looks(watched: Watched) -> None:
    watched.round(0, ("FAIL", "missing_children"), ("FAIL", "null_flood"))
    watched.round(15, ("PASS", "missing_children"), ("FAIL", "null_flood"))
    assert watched.events == ["open null_flood"]


def test_a_fact_is_told_at_the_first_look_where_a_deviation_takes_two(watched: Watched) -> None:
    watched.give(0, [finding("FAIL", "default_flood", at=NOON, segment="email")])
    assert watched.events == []
    watched.give(0, [replace(finding("FAIL", "default_flood", at=NOON, segment="city"), is_exact=True)])
    assert [notice.fingerprint for notice in watched.told] == ["shop.orders|default_flood|staged|city"]
    # It is over as any deviation is: by two looks.
    watched.round(1, ("PASS", "default_flood"))
    assert watched.events == ["open default_flood"]
    watched.round(2, ("PASS", "default_flood"))
    assert watched.events == ["open default_flood", "resolve default_flood"]
