"""Signs of life: each round of watching gives them, and an outside that misses them notices that nobody watches."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipelines.alerts import tell as telling
from pipelines.alerts.channels.alertmanager import WATCHDOG
from pipelines.alerts.plan import AlertsFileError
from pipelines.deployment import Deployment
from pipelines.freshness.detectors.monitor import unwatched
from pipelines.freshness.monitor_history import read_monitor
from pipelines.ledger.database import Ledger
from pipelines.ledger.leases import LeaseHeld
from pipelines.settings import Home
from pipelines.watch import watch
from tests.pipelines.alerts.notice_factory import NOON, VirtualClock, a_notice, put
from tests.pipelines.alerts.outside import Outside, Reply, an_outside

PLAN = """\
channels: [{kind: alertmanager, name: am, url: AM_URL}, {kind: file, name: file}]
dead_man: {url: DEAD_MAN_URL, period: 5m, grace: 5m}
"""


def a_deployment(tmp_path: Path, outside: Outside, clock: VirtualClock, plan: str = PLAN) -> Deployment:
    (tmp_path / "alerts.yml").write_text(plan)
    Ledger(tmp_path / "ledger.db").close()
    variables = {"AM_URL": outside.url, "DEAD_MAN_URL": f"{outside.url}/ping/secret"}
    return Deployment(Home(tmp_path), {}, variables, clock, lambda _: None)


def pings(outside: Outside) -> list[str]:
    return [sent.path.removeprefix("/ping/secret") for sent in outside.sent if sent.path.startswith("/ping")]


class Check:
    """The outside's rule (healthchecks: period and grace): down when the last success is older than both."""

    def __init__(self, seconds: float) -> None:
        self.span, self.last = timedelta(seconds=seconds), NOON

    def is_down(self, now: datetime) -> bool:
        return now - self.last > self.span


def test_a_round_of_watching_begins_and_ends_with_a_ping(tmp_path: Path) -> None:
    with an_outside() as outside:
        watch(a_deployment(tmp_path, outside, VirtualClock()))
        assert pings(outside) == ["/start", ""]


def test_a_round_that_finds_another_at_work_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def held(*_: object, **__: object) -> None:
        raise LeaseHeld("watch", "another process")

    monkeypatch.setattr("pipelines.watch.evaluate", held)
    with an_outside() as outside:
        with pytest.raises(LeaseHeld):
            watch(a_deployment(tmp_path, outside, VirtualClock()))
        assert pings(outside) == ["/start"]


def test_a_round_that_fails_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("pipelines.watch.evaluate", broken)
    with an_outside() as outside:
        with pytest.raises(ZeroDivisionError):
            watch(a_deployment(tmp_path, outside, VirtualClock()))
        assert pings(outside) == ["/start", "/fail"]


def test_an_outside_that_does_not_answer_stops_no_round(tmp_path: Path) -> None:
    with an_outside() as outside:
        gone = outside
    assert watch(a_deployment(tmp_path, gone, VirtualClock()))


def test_the_outside_notices_when_the_monitor_is_silent(tmp_path: Path) -> None:
    clock, check, went_down_at = VirtualClock(), Check(seconds=600), None
    with an_outside() as outside:
        deployment = a_deployment(tmp_path, outside, clock)
        for minute in range(0, 60, 5):
            is_dead = 20 <= minute < 45
            if not is_dead:
                watch(deployment)
                assert pings(outside)[-1] == ""
                check.last = clock()
            if went_down_at is None and check.is_down(clock()):
                went_down_at = minute
            clock.forward(minutes=5)
    # The last sign came at minute 15; 25 is still within period and grace, the next time somebody asks is 30.
    assert went_down_at == 30


def test_the_watchdog_fires_until_the_next_round_is_overdue_and_what_is_open_is_told_again(tmp_path: Path) -> None:
    clock = VirtualClock()
    with an_outside(Reply(200, b"")) as outside, Ledger(tmp_path / "ledger.db") as ledger:
        deployment = a_deployment(tmp_path, outside, clock)
        put(ledger, a_notice(fingerprint="stays"))
        put(ledger, a_notice(fingerprint="ends"))
        put(ledger, a_notice("resolve", 2, fingerprint="gone before"))
        telling.tell(deployment, ledger, telling.plan_of(deployment))
        put(ledger, a_notice("resolve", 2, fingerprint="ends"))
        clock.forward(minutes=5)
        telling.tell(deployment, ledger, telling.plan_of(deployment))
    watchdog, *others = outside.sent[-1].json
    assert watchdog["labels"]["alertname"] == WATCHDOG
    assert watchdog["endsAt"] == (NOON + timedelta(minutes=15)).isoformat()
    assert {alert["labels"]["fingerprint"] for alert in others} == {"stays"}


def test_a_gap_in_watching_is_found_by_the_look_that_ends_it(tmp_path: Path) -> None:
    clock, verdicts = VirtualClock(), []
    with an_outside() as outside, Ledger(tmp_path / "ledger.db") as ledger:
        deployment = a_deployment(tmp_path, outside, clock)
        for minutes in (5, 10, 11, 5, 5):  # ten minutes are within period and grace, eleven are not
            (found,) = unwatched(read_monitor(ledger, clock()))
            verdicts.append(found.verdict)
            watch(deployment)
            clock.forward(minutes=minutes)
        stretches = ledger.rows("SELECT looks FROM watching ORDER BY began_at")
    assert verdicts == ["UNKNOWN", "PASS", "PASS", "FAIL", "PASS"]
    assert [row["looks"] for row in stretches] == [3, 2]


def test_without_an_agreed_period_nobody_knows_whether_a_look_is_missing(tmp_path: Path) -> None:
    clock = VirtualClock()
    with an_outside() as outside, Ledger(tmp_path / "ledger.db") as ledger:
        deployment = a_deployment(tmp_path, outside, clock, plan="channels: [{kind: file, name: file}]\n")
        watch(deployment)
        clock.forward(days=3)
        (found,) = unwatched(read_monitor(ledger, clock()))
    assert found.verdict == "UNKNOWN"
    assert outside.sent == []


def test_a_mistake_in_the_alerts_file_lets_the_round_end_and_notices_wait(tmp_path: Path) -> None:
    clock = VirtualClock()
    with an_outside() as outside, Ledger(tmp_path / "ledger.db") as ledger:
        put(ledger, a_notice())
        with pytest.raises(AlertsFileError):
            watch(a_deployment(tmp_path, outside, clock, plan="channels: []\n"))
        assert ledger.rows("SELECT 1 FROM finding") != []
        watch(a_deployment(tmp_path, outside, clock, plan="channels: [{kind: file, name: file}]\n"))
    assert len((tmp_path / "alerts.jsonl").read_text().splitlines()) == 1
