"""`c360 alerts`, `c360 watch` and `c360 feeds status` as ops meet them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipelines.alerts.triage import triage
from pipelines.cli import watch
from pipelines.cli.watch import keep_watching
from pipelines.deployment import Deployment
from pipelines.ledger.database import Ledger, stamp
from pipelines.settings import Home
from tests.journey_factory import Said, c360
from tests.pipelines.alerts.alert_factory import CATALOG, HOUR, MINUTE, NOON, finding


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """shop.orders was read well at 11:00 and failed at 11:15, 11:30 and 11:45; nothing else was ever tried."""
    made = Home(tmp_path)
    add_run(made, NOON - HOUR, "OK")
    for back in (45, 30, 15):
        add_run(made, NOON - back * MINUTE, "FAILED", "no route to host")
    return made


def add_run(home: Home, at: datetime, status: str, error: str | None = None) -> None:
    with Ledger(home.ledger) as ledger:
        ledger.write(
            """INSERT INTO feed_run (run_id, feed, kind, status, lease_token, contract_version, started_at, ended_at,
                   error) VALUES (?, 'shop.orders', 'live', ?, 1, 'v', ?, ?, ?)""",
            f"run-{at:%H%M}",
            status,
            stamp(at),
            stamp(at),
            error,
        )


def watched(home: Home, now: datetime = NOON) -> Said:
    return c360(home, "watch", now=now)


def test_the_story_of_a_part_names_it_in_the_command_to_look(home: Home) -> None:
    with Ledger(home.ledger) as ledger:
        triage(ledger, CATALOG, [finding("FAIL", "follow_up_overdue", "customers", at=NOON, segment="store")], NOON)
    shown = c360(home, "alerts", "show", "1", now=NOON).out
    assert 'c360 ask overdue_promises --param team="store"' in shown


def test_figures_tell_people_and_machines_how_soon_each_kind_was_seen_and_mended(home: Home) -> None:
    with Ledger(home.ledger) as ledger:
        triage(ledger, CATALOG, [finding("FAIL", at=NOON - 10 * MINUTE)], NOON)
        triage(ledger, CATALOG, [finding("PASS", at=NOON + 3 * HOUR)], NOON + 3 * HOUR)
    [of_kind] = json.loads(c360(home, "alerts", "figures", "--json", now=NOON + HOUR).out)
    assert (of_kind["failure"], of_kind["alerts"], of_kind["precision"]) == ("failing", 1, 1.0)
    assert of_kind["detect"] == {"median": 600.0, "worst": 600.0}
    assert of_kind["take"] is None
    shown = c360(home, "alerts", "figures", "--since", "2026-11-18", now=NOON + HOUR).out
    assert "10 min, 10 min" in shown
    assert "3 h, 3 h" in shown
    assert "There was no alert." in c360(home, "alerts", "figures", "--since", "2026-11-19", now=NOON).out


def test_an_alert_that_is_about_no_feed_is_shown_with_the_status_that_it_spoils(home: Home) -> None:
    with Ledger(home.ledger) as ledger:
        triage(ledger, CATALOG, [finding("FAIL", "follow_up_overdue", "customers", at=NOON, segment="store")], NOON)
    said = c360(home, "feeds", "status", now=NOON)
    assert said.code == 1
    (line,) = [line.split() for line in said.out.splitlines() if line.startswith("customers ")]
    assert line == ["customers", "-", "-", "-", "-", "1", "A1", "follow_up_overdue"]


def test_a_look_opens_an_alert_that_is_listed_and_its_story_told(home: Home) -> None:
    said = watched(home)
    assert (said.code, "1 alert is open: c360 alerts list" in said.out) == (1, True)
    listed = c360(home, "alerts", "list", now=NOON)
    assert listed.code == 1
    assert all(word in listed.out for word in ("A1", "OPEN", "shop.orders", "Every attempt fails", "no route to host"))
    (alert,) = c360(home, "alerts", "list", "--json", now=NOON).document
    assert (alert["fingerprint"], alert["state"]) == ("shop.orders|failing|landed|", "OPEN")
    story = c360(home, "alerts", "show", "a1", "--json", now=NOON).document
    assert (story["first_bad_run"]["run_id"], story["last_good_run"]["run_id"]) == ("run-1115", "run-1100")
    assert (story["rows_affected"], story["customers_affected"]) == (None, None)
    assert [(event["from_state"], event["to_state"]) for event in story["events"]] == [(None, "OPEN")]
    shown = c360(home, "alerts", "show", "1", now=NOON).out
    assert "customers affected UNKNOWN" in " ".join(shown.split())
    assert "run-1100 at 2026-11-18 11:00 UTC, OK" in shown


def test_an_alert_is_taken_on_resolved_and_opens_again_when_it_still_fails(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched(home)
    monkeypatch.setenv("C360_STEWARD", "ana")
    taken = c360(home, "alerts", "ack", "A1", "--for", "90m", "--note", "calling the shop", now=NOON)
    assert taken.out == "A1 is ana's until 2026-11-18 13:30 UTC.\n"
    assert c360(home, "alerts", "resolve", "A1", "--reason", "done", "--by", "bo", now=NOON + MINUTE).code == 0
    assert c360(home, "alerts", "list", now=NOON + MINUTE).code == 0
    watched(home, NOON + 2 * MINUTE)
    (alert,) = c360(home, "alerts", "list", "--json", now=NOON).document
    assert (alert["alert_id"], alert["state"]) == ("A1", "REOPENED")
    add_run(home, NOON + 5 * MINUTE, "EMPTY_OK")
    assert watched(home, NOON + 6 * MINUTE).code == 0
    (alert,) = c360(home, "alerts", "list", "--all", "--json", now=NOON).document
    assert alert["state"] == "RESOLVED"


def test_a_silenced_feed_is_told_to_nobody_and_the_list_says_so(home: Home) -> None:
    arguments = ("alerts", "silence", "shop.orders", "--for", "2h", "--reason", "the shop moves", "--by", "ana")
    assert c360(home, *arguments, now=NOON).out == (
        "Nobody is told of anything of shop.orders until 2026-11-18 14:00 UTC.\n"
    )
    assert watched(home).code == 0
    listed = c360(home, "alerts", "list", now=NOON)
    assert (listed.code, "1 more are explained by these or silenced" in listed.out) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "code", "fact"),
    [
        (("show", "A9"), 1, "there is no such alert"),
        (("ack", "A9", "--by", "ana"), 1, "there is no such alert"),
        (("ack", "A1", "--for", "long", "--by", "ana"), 2, "is not a duration"),
        (("ack", "A1", "--for", "0h", "--by", "ana"), 2, "longer than nothing"),
        (("ack", "A1"), 2, "Say who decides"),
        (("silence", "shop.rain", "--for", "2h", "--reason", "x", "--by", "ana"), 1, "no contract is in force"),
        (("silence", "shop.orders", "--failure", "rain", "--for", "2h", "--reason", "x", "--by", "ana"), 1, "Names:"),
    ],
)
def test_a_mistake_is_named_with_its_next_step_and_moves_nothing(
    home: Home, arguments: tuple[str, ...], code: int, fact: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("C360_STEWARD", raising=False)
    watched(home)
    said = c360(home, "alerts", *arguments, now=NOON)
    assert said.code == code
    assert fact in " ".join((said.out + said.err).split())
    (alert,) = c360(home, "alerts", "list", "--json", now=NOON).document
    assert alert["state"] == "OPEN"


def test_status_says_in_one_line_that_alerts_are_open_and_feeds_status_says_which(home: Home) -> None:
    assert "open: c360 alerts list" not in c360(home, "status", now=NOON).out
    watched(home)
    assert c360(home, "status", now=NOON).out.endswith("1 alert is open: c360 alerts list\n")
    said = c360(home, "feeds", "status", now=NOON)
    assert said.code == 1
    (line,) = [line for line in said.out.splitlines() if line.startswith("shop.orders ")]
    assert line.endswith("1  A1 failing")


def test_rounds_follow_each_other_though_one_of_them_cannot_be_done(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)

    here = Deployment(home, CATALOG, {}, clock=lambda: NOON, sleep=sleep, patience=timedelta(0))

    def broken(_: Deployment) -> None:
        raise ValueError("a detector is wrong")

    monkeypatch.setattr(watch, "watch", broken)
    keep_watching(here)
    assert "a detector is wrong" in home.faults.read_text()
    monkeypatch.undo()
    keep_watching(here)
    with Ledger(home.ledger) as ledger:
        assert len(ledger.rows("SELECT * FROM outbox")) == 1


def test_a_fault_of_watching_is_told_and_does_not_fail_a_sync(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines import sync

    def broken(_: Deployment) -> None:
        raise ValueError("a detector is wrong")

    monkeypatch.setattr(sync, "watch", broken)
    here = Deployment(home, CATALOG, {}, clock=lambda: NOON, sleep=lambda _: None)
    outcome = sync.sync(here, [], wants_refresh=False)
    assert not outcome.has_trouble
    assert "a detector is wrong" in (outcome.watch_trouble or "")


def test_the_name_of_who_takes_an_alert_on_is_shown_as_it_is(home: Home) -> None:
    watched(home)
    taken = c360(home, "alerts", "ack", "A1", "--for", "90m", "--by", "[ana][/b]", now=NOON)
    assert taken.out == "A1 is [ana][/b]'s until 2026-11-18 13:30 UTC.\n"
