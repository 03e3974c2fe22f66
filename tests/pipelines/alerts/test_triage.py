"""Rounds of findings on a real ledger: what is told, what is explained, and what a kill leaves."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.contract import Announced
from pipelines.alerts import acts
from pipelines.alerts.notice_json import as_json, from_json
from pipelines.alerts.triage import triage
from pipelines.ledger.alerts import Alert, events_of, write_alert
from pipelines.trouble import Trouble
from tests.pipelines.alerts.alert_factory import CATALOG, HOUR, MINUTE, NOON, ORDERS, Watched, finding


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path)
    yield made
    made.ledger.close()


def test_one_incident_is_told_once_however_often_it_is_seen_and_once_more_when_it_is_over(watched: Watched) -> None:
    for minute in range(5):
        watched.round(minute, "FAIL")
    watched.round(5)
    watched.round(6, "PASS")
    watched.round(7, "PASS")
    assert watched.events == ["open failing", "resolve failing"]
    (alert,) = watched.alerts
    assert (alert.alert_id, alert.state, alert.version) == ("A1", "RESOLVED", 2)
    assert [notice.version for notice in watched.told] == [1, 2]


def test_a_notice_carries_what_people_need_and_is_read_back_as_it_was_written(watched: Watched) -> None:
    watched.ledger.write(
        "INSERT INTO feed_run (run_id, feed, kind, status, lease_token, contract_version, started_at)"
        " VALUES ('r1', 'shop.orders', 'live', 'OK', 1, 'v', '2026-11-18T11:45:00.000000Z')"
    )
    watched.round(0, "FAIL")
    (notice,) = watched.told
    assert notice.title == "shop.orders: Every attempt fails"
    assert (notice.severity, notice.owner, notice.reason) == ("error", "team:shop", "failing is FAIL")
    assert (notice.opened_at, notice.last_good_at) == (NOON, NOON - 15 * MINUTE)
    assert (notice.rows, notice.customers) == (None, None)
    assert (notice.repair, notice.runbook) == ("c360 sync shop.orders", "docs/runbook.md#every-attempt-fails")
    assert from_json(as_json(notice)) == notice


def test_what_the_catalogue_explains_is_recorded_under_its_cause_and_listed_in_its_one_notice(watched: Watched) -> None:
    watched.round(0, ("FAIL", "late"), ("FAIL", "credentials"), ("FAIL", "failing"))
    assert watched.events == ["open credentials"]
    assert watched.told[0].covered == ("shop.orders: Data are late", "shop.orders: Every attempt fails")
    assert watched.states == {
        "shop.orders|credentials|source|": "OPEN",
        "shop.orders|failing|landed|": "SUPPRESSED",
        "shop.orders|late|landed|": "SUPPRESSED",
    }
    watched.round(1, ("PASS", "credentials"), ("PASS", "failing"), ("FAIL", "late"))
    assert sorted(watched.events[1:]) == ["open late", "resolve credentials"]


def test_feeds_of_one_source_that_fail_alike_are_one_incident_and_others_are_not(watched: Watched) -> None:
    watched.round(0, ("FAIL", "failing", "shop.accounts"), ("FAIL", "failing", "helpdesk.tickets"))
    watched.round(1, *(("FAIL", "failing", feed) for feed in ("shop.orders", "shop.accounts", "helpdesk.tickets")))
    assert watched.events == ["open failing", "open failing"]
    assert [notice.feed for notice in watched.told] == ["shop.accounts", "helpdesk.tickets"]
    assert watched.states["shop.orders|failing|landed|"] == "SUPPRESSED"
    # What a table suffers has no cause in another table.
    watched.round(2, ("FAIL", "unknown_code", "shop.orders"), ("FAIL", "unknown_code", "shop.accounts"))
    assert [notice.failure for notice in watched.told][2:] == ["unknown_code", "unknown_code"]


def test_when_the_first_of_several_is_well_again_the_next_stands_for_the_others(watched: Watched) -> None:
    feeds = ("shop.accounts", "shop.orders", "shop.order_lines")
    watched.round(0, *(("FAIL", "failing", feed) for feed in feeds))
    watched.round(1, ("PASS", "failing", feeds[0]), *(("FAIL", "failing", feed) for feed in feeds[1:]))
    assert [(notice.event, notice.feed) for notice in watched.told] == [
        ("open", feeds[0]),
        ("resolve", feeds[0]),
        ("open", feeds[1]),
    ]
    assert watched.states["shop.order_lines|failing|landed|"] == "SUPPRESSED"


def test_a_feed_that_is_behind_explains_what_its_children_miss(tmp_path: Path) -> None:
    watch = ORDERS.watch.model_copy(update={"parents": {"account_id": "shop.accounts"}})
    watched = Watched(tmp_path, {**CATALOG, "shop.orders": ORDERS.model_copy(update={"watch": watch})})
    watched.round(0, ("FAIL", "orphans"), ("FAIL", "stale_parent"), ("FAIL", "late", "shop.accounts"))
    assert [(notice.event, notice.feed, notice.failure) for notice in watched.told] == [
        ("open", "shop.accounts", "late")
    ]
    assert set(watched.told[0].covered) == {
        "shop.orders: Rows wait for a parent that does not come",
        "shop.orders: The feed that this one points at is behind",
    }


def test_an_incident_is_as_severe_as_the_worst_that_it_covers(tmp_path: Path) -> None:
    watch = ORDERS.watch.model_copy(update={"tier": 1})
    watched = Watched(tmp_path, {**CATALOG, "shop.orders": ORDERS.model_copy(update={"watch": watch})})
    watched.round(0, ("FAIL", "failing", "shop.accounts"))
    watched.round(1, ("FAIL", "failing", "shop.accounts"), ("FAIL", "failing", "shop.orders"))
    assert [(notice.event, notice.feed, notice.severity) for notice in watched.told] == [
        ("open", "shop.accounts", "error"),
        ("update", "shop.accounts", "critical"),
    ]


def test_an_alert_grows_worse_once_it_lasts_twice_as_long_as_the_contract_allows(watched: Watched) -> None:
    allowed = 26 * 60 + 4 * 60  # minutes: promise and grace of shop.orders
    for minute in (0, 2 * allowed - 1, 2 * allowed, 2 * allowed + 1):
        watched.round(minute, "FAIL")
    assert [(notice.event, notice.severity) for notice in watched.told] == [("open", "error"), ("update", "critical")]


def test_a_pass_of_the_whole_feed_speaks_for_its_parts_and_a_pass_of_one_part_for_itself(watched: Watched) -> None:
    parts = [finding("FAIL", "null_flood", at=NOON, segment=part) for part in ("email", "phone")]
    watched.give(0, parts)
    watched.give(1, [finding("FAIL", "null_flood", at=NOON + MINUTE, segment=part) for part in ("email", "phone")])
    assert watched.events == ["open null_flood"]
    watched.give(2, [finding("PASS", "null_flood", at=NOON + 2 * MINUTE, segment="email")])
    watched.give(3, [finding("PASS", "null_flood", at=NOON + 3 * MINUTE)])
    assert watched.states == {
        "shop.orders|null_flood|staged|email": "RESOLVED",
        "shop.orders|null_flood|staged|phone": "SUPPRESSED",
    }
    watched.give(4, [finding("PASS", "null_flood", at=NOON + 4 * MINUTE)])
    assert set(watched.states.values()) == {"RESOLVED"}


def test_what_fails_again_within_a_day_is_the_same_alert_and_later_another_one(watched: Watched) -> None:
    day = 24 * 60
    for minute, verdict in ((0, "FAIL"), (1, "PASS"), (day + 1, "FAIL"), (day + 2, "PASS"), (2 * day + 3, "FAIL")):
        watched.round(minute, verdict)  # type: ignore[arg-type]
    assert [(alert.alert_id, alert.state) for alert in watched.alerts] == [("A1", "RESOLVED"), ("A2", "OPEN")]
    assert [(notice.alert_id, notice.event, notice.version) for notice in watched.told] == [
        ("A1", "open", 1),
        ("A1", "resolve", 2),
        ("A1", "open", 3),
        ("A1", "resolve", 4),
        ("A2", "open", 5),
    ]


def test_a_silence_keeps_quiet_until_it_ends_and_what_still_fails_is_told_then(watched: Watched) -> None:
    asked = {"by": "ana", "reason": "move of the database", "now": NOON}
    acts.silence(watched.ledger, CATALOG, "shop.orders", failure="failing", term=2 * HOUR, **asked)  # type: ignore[arg-type]
    watched.round(1, "FAIL", ("FAIL", "unknown_code"), ("FAIL", "failing", "helpdesk.tickets"))
    assert watched.events == ["open unknown_code", "open failing"]
    assert watched.states["shop.orders|failing|landed|"] == "SILENCED"
    watched.round(119, "FAIL")
    watched.round(120, "FAIL")
    assert [(notice.feed, notice.event) for notice in watched.told][2:] == [("shop.orders", "open")]


def test_an_announced_outage_is_told_to_nobody_until_the_first_run_after_it_had_its_chance(tmp_path: Path) -> None:
    outage = Announced(kind="outage", begins=NOON, ends=NOON + 65 * MINUTE, note="the shop moves")
    watch = ORDERS.watch.model_copy(update={"announced": (outage,)})
    watched = Watched(tmp_path, {**CATALOG, "shop.orders": ORDERS.model_copy(update={"watch": watch})})
    watched.round(1, "FAIL", ("FAIL", "unit_changed"))
    watched.round(2, "FAIL", ("FAIL", "unit_changed"))
    assert watched.events == ["open unit_changed"], "an outage does not change amounts"
    # It ends at 13:05; the next run is due at 13:15 and may take an hour.
    watched.round(134, "FAIL")
    assert watched.states["shop.orders|failing|landed|"] == "SILENCED"
    watched.round(135, "FAIL")
    assert watched.events == ["open unit_changed", "open failing"]


def test_taking_on_and_resolving_are_recorded_with_who_and_why(watched: Watched) -> None:
    watched.round(0, "FAIL")
    acts.acknowledge(watched.ledger, CATALOG, "A1", by="ana", now=NOON + MINUTE, note="I call the shop")
    watched.round(242, "FAIL")
    acts.resolve(watched.ledger, CATALOG, "A1", by="bo", now=NOON + 5 * HOUR, reason="our mistake", is_false=True)
    watched.round(301, "FAIL")
    assert watched.events == ["open failing", "ack failing", "update failing", "resolve failing", "open failing"]
    story = [(row["from_state"], row["to_state"], row["moved_by"]) for row in events_of(watched.ledger, "A1")]
    assert story == [
        (None, "OPEN", "c360"),
        ("OPEN", "ACKED", "ana"),
        ("ACKED", "OPEN", "c360"),
        ("OPEN", "RESOLVED", "bo"),
        ("RESOLVED", "REOPENED", "c360"),
    ]


def test_after_the_time_that_somebody_took_the_deputy_is_told(tmp_path: Path) -> None:
    watch = ORDERS.watch.model_copy(update={"deputy": "team:platform"})
    watched = Watched(tmp_path, {**CATALOG, "shop.orders": ORDERS.model_copy(update={"watch": watch})})
    watched.round(0, "FAIL")
    acts.acknowledge(watched.ledger, watched.catalog, "A1", by="ana", now=NOON, term=timedelta(minutes=30))
    watched.round(30, "FAIL")
    assert [notice.owner for notice in watched.told] == ["team:shop", "team:shop", "team:platform"]


def test_what_cannot_be_done_with_an_alert_is_said_and_changes_nothing(watched: Watched) -> None:
    watched.round(0, ("FAIL", "late"), ("FAIL", "credentials"))
    hidden = next(alert.alert_id for alert in watched.alerts if alert.state == "SUPPRESSED")
    with pytest.raises(Trouble, match="SUPPRESSED"):
        acts.acknowledge(watched.ledger, CATALOG, hidden, by="ana", now=NOON)
    with pytest.raises(Trouble, match="no such alert"):
        acts.resolve(watched.ledger, CATALOG, "A9", by="ana", now=NOON, reason="gone")
    with pytest.raises(Trouble, match="no failure has this name"):
        acts.silence(
            watched.ledger, CATALOG, "shop.orders", failure="rain", term=HOUR, by="ana", reason="wet", now=NOON
        )
    assert watched.events == ["open credentials"]


def test_customers_are_counted_when_an_alert_opens_and_not_again(watched: Watched) -> None:
    asked: list[str] = []

    def customers(alert: Alert) -> int:
        asked.append(alert.failure)
        return 7

    for minute in range(3):
        says = [finding("FAIL", one, at=NOON + minute * MINUTE) for one in ("credentials", "late")]
        triage(watched.ledger, CATALOG, says, NOON + minute * MINUTE, customers=customers)
    assert asked == ["credentials"]
    assert watched.told[0].customers == 7


def test_two_alerts_of_one_thing_cannot_be_at_work_and_what_happened_is_never_changed(watched: Watched) -> None:
    watched.round(0, "FAIL")
    with pytest.raises(sqlite3.IntegrityError), watched.ledger.transaction() as connection:
        write_alert(connection, replace(watched.alerts[0], alert_id="A2"))
    for statement in ("UPDATE alert_event SET why = ''", "DELETE FROM alert_event"):
        with pytest.raises(sqlite3.IntegrityError):
            watched.ledger.write(statement)


def test_looks_that_change_nothing_leave_no_rows_behind(watched: Watched) -> None:
    for minute in range(500):
        watched.round(minute, "FAIL")
    counted = watched.ledger.row("SELECT (SELECT count(*) FROM alert), (SELECT count(*) FROM alert_event)")
    assert counted is not None
    assert tuple(counted) == (1, 1)


@pytest.fixture
def unsteady(watched: Watched) -> Watched:
    """One alert that was re-opened three times and then resolved without a word at 70: outside it is still open."""
    for minute in range(0, 80, 20):
        watched.round(minute, "FAIL")
        watched.round(minute + 10, "PASS")
    assert [(alert.state, alert.is_told) for alert in watched.alerts] == [("RESOLVED", True)]
    return watched


def test_what_came_and_went_ends_outside_although_nobody_looked_for_more_than_a_day(unsteady: Watched) -> None:
    unsteady.round(70 + 26 * 60)
    assert unsteady.events[-1] == "resolve failing"
    assert [(alert.state, alert.is_told) for alert in unsteady.alerts] == [("RESOLVED", False)]


def test_what_fails_again_while_it_is_open_outside_is_the_same_incident(unsteady: Watched) -> None:
    unsteady.round(70 + 26 * 60, "FAIL")
    assert unsteady.events[-1] == "update failing"
    assert [alert.state for alert in unsteady.alerts] == ["REOPENED"]
