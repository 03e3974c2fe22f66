"""Delivery: everything in the outbox is told once on every channel of its route, however long the channels are away."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipelines.alerts.channels.pagerduty import PagerDuty
from pipelines.alerts.delivery import Sender, deliver
from pipelines.alerts.notice import Channel, Notice, Receipt
from pipelines.alerts.plan import AlertPlan
from pipelines.freshness.detectors.monitor import undelivered
from pipelines.freshness.monitor_history import read_monitor
from pipelines.ledger.database import Ledger
from tests.pipelines.alerts.notice_factory import NOON, Recorder, VirtualClock, a_notice, put
from tests.pipelines.alerts.outside import Reply, an_outside


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.db") as opened:
        yield opened


def a_sender(
    *channels: Channel,
    clock: VirtualClock,
    routes: Sequence[dict[str, object]] = (),
    second: str | None = None,
    people: Sequence[str] = (),
) -> Sender:
    specs = [{"kind": "stdout", "name": channel.name} for channel in channels]
    plan = AlertPlan.model_validate({"channels": specs, "routes": list(routes), "second": second})
    return Sender(plan, {channel.name: channel for channel in channels}, people, {"shop.orders": 1}, clock)


def test_a_notice_is_told_once_on_every_channel_of_its_route(ledger: Ledger) -> None:
    pager, chat = Recorder("pager"), Recorder("chat")
    routes = [{"severity": ["critical"], "tier": [1], "to": ["pager", "chat"]}, {"to": ["chat"]}]
    sender = a_sender(pager, chat, clock=VirtualClock(), routes=routes)
    put(ledger, a_notice())
    put(ledger, a_notice(fingerprint="other", severity="critical"))
    put(ledger, a_notice(fingerprint="of another tier", severity="critical", feed="monitor"))
    deliver(ledger, sender)
    assert deliver(ledger, sender) == []
    assert [notice.fingerprint for notice in pager.taken] == ["other", "of another tier"]
    assert len(chat.taken) == 3
    receipts = ledger.rows("SELECT channel, was_taken, detail FROM delivery WHERE notice_id = 2 ORDER BY channel")
    assert [tuple(row) for row in receipts] == [("chat", 1, "taken"), ("pager", 1, "taken")]


def test_what_no_route_expects_is_told_to_all(ledger: Ledger) -> None:
    pager, chat = Recorder("pager"), Recorder("chat")
    put(ledger, a_notice(severity="info"))
    deliver(ledger, a_sender(pager, chat, clock=VirtualClock(), routes=[{"owner": ["team:x"], "to": ["pager"]}]))
    assert (pager.events, chat.events) == (["open"], ["open"])


def test_who_was_told_of_an_alert_is_told_its_end_even_when_its_severity_now_goes_elsewhere(ledger: Ledger) -> None:
    pager, chat = Recorder("pager"), Recorder("chat")
    routes = [{"severity": ["critical"], "to": ["pager"]}, {"to": ["chat"]}]
    sender = a_sender(pager, chat, clock=VirtualClock(), routes=routes)
    for version, (event, severity) in enumerate([("open", "error"), ("update", "critical"), ("resolve", "error")], 1):
        put(ledger, a_notice(event, version, severity=severity))
        deliver(ledger, sender)
    assert pager.events == ["update", "resolve"]
    assert chat.events == ["open", "update", "resolve"]
    put(ledger, a_notice("open", 4, severity="error"))
    deliver(ledger, sender)
    assert pager.events == ["update", "resolve"]  # a new life of the alert follows its route alone


def test_all_channels_down_for_an_hour_lose_nothing_and_tell_it_once_afterwards(ledger: Ledger) -> None:
    pager, chat, clock = Recorder("pager", is_up=False), Recorder("chat", is_up=False), VirtualClock()
    sender = a_sender(pager, chat, clock=clock)
    put(ledger, a_notice(fingerprint="stays"), clock())
    put(ledger, a_notice(fingerprint="ends"), clock())
    for minute in range(60):
        if minute == 20:
            put(ledger, a_notice("resolve", 2, fingerprint="ends"), clock())
        if minute == 40:
            put(ledger, a_notice(fingerprint="new"), clock())
        deliver(ledger, sender)
        clock.forward(minutes=1)
    # The waits are 0.5, 1, 2, 4, 8, 15, 15 minutes and a round is each minute: tried at 0, 1, 2, 4, 8, 16, 31, 46.
    assert pager.tries == 8
    pager.is_up = chat.is_up = True
    for _ in range(30):
        deliver(ledger, sender)
        clock.forward(minutes=1)
    for channel in (pager, chat):
        told = {notice.fingerprint: notice.event for notice in channel.taken}
        assert told == {"stays": "open", "new": "open", "ends": "resolve"}
        assert len(channel.taken) == 3
    assert ledger.rows("SELECT 1 FROM dispatch WHERE settled_at IS NULL") == []


def test_a_channel_that_is_down_keeps_no_other_from_telling(ledger: Ledger) -> None:
    pager, chat = Recorder("pager", is_up=False), Recorder("chat")
    for number in range(5):
        put(ledger, a_notice(fingerprint=f"f{number}"))
    deliver(ledger, a_sender(pager, chat, clock=VirtualClock()))
    assert (pager.tries, len(chat.taken)) == (1, 5)


def test_a_fault_of_a_channel_is_a_receipt_and_no_crash(ledger: Ledger) -> None:
    class Broken(Recorder):
        def send(self, notice: Notice) -> Receipt:
            raise ZeroDivisionError("with a secret in it")

    chat = Recorder("chat")
    put(ledger, a_notice())
    broken, told = deliver(ledger, a_sender(Broken("broken"), chat, clock=VirtualClock()))
    assert (broken.was_taken, broken.detail) == (False, "a fault of the program: ZeroDivisionError")
    assert told.was_taken


def test_a_notice_that_is_refused_lets_others_pass_but_not_its_own_followers(ledger: Ledger) -> None:
    class Picky(Recorder):
        def send(self, notice: Notice) -> Receipt:
            if notice.fingerprint == "bad" and self.is_up:
                self.tries += 1
                return Receipt(False, "HTTP 400", is_refused=True)
            self.taken.append(notice)
            return Receipt(True, "taken")

    picky, clock = Picky("picky"), VirtualClock()
    sender = a_sender(picky, clock=clock)
    put(ledger, a_notice(fingerprint="bad"))
    put(ledger, a_notice("ack", 2, fingerprint="bad"))
    put(ledger, a_notice(fingerprint="good"))
    deliver(ledger, sender)
    assert ([notice.fingerprint for notice in picky.taken], picky.tries) == (["good"], 1)
    clock.forward(minutes=14)
    deliver(ledger, sender)
    assert picky.tries == 1
    clock.forward(minutes=1)
    picky.is_up = False  # this one takes everything when it is not itself
    deliver(ledger, sender)
    assert [notice.event for notice in picky.taken if notice.fingerprint == "bad"] == ["open", "ack"]


def test_who_asks_for_a_pause_gets_it_but_not_for_ever(ledger: Ledger) -> None:
    class Busy(Recorder):
        asks = 120.0

        def send(self, notice: Notice) -> Receipt:
            self.tries += 1
            return Receipt(False, "HTTP 429", retry_after_seconds=self.asks)

    busy, clock = Busy("busy"), VirtualClock()
    sender = a_sender(busy, clock=clock)
    put(ledger, a_notice())
    deliver(ledger, sender)
    clock.forward(seconds=119)
    assert deliver(ledger, sender) == []
    clock.forward(seconds=1)
    busy.asks = 10**9
    deliver(ledger, sender)
    clock.forward(minutes=60)
    deliver(ledger, sender)
    assert busy.tries == 3


def test_an_outside_in_trouble_gets_each_notice_once_it_is_well(ledger: Ledger) -> None:
    clock = VirtualClock()
    replies = (Reply(500), Reply(429, headers={"Retry-After": "90"}), Reply(200, b'{"status": "throttled"}'), Reply())
    put(ledger, a_notice())
    with an_outside(*replies) as outside:
        sender = a_sender(PagerDuty("pager", "K", outside.url), clock=clock)
        for _ in range(20):
            deliver(ledger, sender)
            clock.forward(seconds=30)
    rows = ledger.rows("SELECT attempt, was_taken, at FROM delivery ORDER BY attempt")
    assert [(row["attempt"], row["was_taken"]) for row in rows] == [(1, 0), (2, 0), (3, 0), (4, 1)]
    after = [datetime.fromisoformat(row["at"]) - NOON for row in rows]
    # 30 s after the 500; 90 s, as asked, after the 429; then the third wait of its own, two minutes.
    assert after == [timedelta(seconds=seconds) for seconds in (0, 30, 120, 240)]
    assert len({sent.content for sent in outside.sent}) == 1


def test_what_is_untold_after_ten_minutes_goes_to_the_second_channel_and_its_end_too(ledger: Ledger) -> None:
    pager, phone, clock = Recorder("pager", is_up=False), Recorder("phone"), VirtualClock()
    sender = a_sender(pager, phone, clock=clock, routes=[{"to": ["pager"]}], second="phone")
    put(ledger, a_notice())
    for _ in range(10):
        deliver(ledger, sender)
        clock.forward(minutes=1)
    assert phone.taken == []
    deliver(ledger, sender)
    assert phone.events == ["open"]
    put(ledger, a_notice("resolve", 2), clock())
    deliver(ledger, sender)
    assert phone.events == ["open", "resolve"]
    pager.is_up = True
    clock.forward(minutes=15)
    deliver(ledger, sender)
    assert pager.events == ["resolve"]
    assert pager.taken[0].reason.startswith("It was over before it could be told here.")


def test_undelivered_is_found_for_the_channel_that_fails_and_passes_by_what_is_taken(ledger: Ledger) -> None:
    def found() -> dict[str, str]:
        return {finding.segment: finding.verdict for finding in undelivered(read_monitor(ledger, clock()))}

    pager, chat, clock = Recorder("pager", is_up=False), Recorder("chat"), VirtualClock()
    sender = a_sender(pager, chat, clock=clock)
    assert found() == {"": "UNKNOWN"}
    put(ledger, a_notice())
    deliver(ledger, sender)
    assert found() == {"chat": "PASS"}
    clock.forward(minutes=10)
    deliver(ledger, sender)
    assert found() == {"chat": "PASS", "pager": "FAIL"}
    (failing,) = (finding for finding in undelivered(read_monitor(ledger, clock())) if finding.verdict == "FAIL")
    assert failing.onset == NOON + timedelta(minutes=10)
    pager.is_up = True
    clock.forward(minutes=15)
    deliver(ledger, sender)
    assert found() == {"chat": "PASS", "pager": "PASS"}
    (passing,) = (one for one in undelivered(read_monitor(ledger, clock())) if one.segment == "pager")
    assert passing.evidence_at is not None
    assert failing.evidence_at is not None
    assert passing.evidence_at > failing.evidence_at


def test_a_channel_taken_out_of_the_plan_hands_over_what_it_did_not_tell(ledger: Ledger) -> None:
    pager, chat, clock = Recorder("pager", is_up=False), Recorder("chat"), VirtualClock()
    put(ledger, a_notice())
    deliver(ledger, a_sender(pager, clock=clock))
    deliver(ledger, a_sender(chat, clock=clock))
    assert chat.events == ["open"]
    assert ledger.rows("SELECT 1 FROM dispatch WHERE settled_at IS NULL") == []
    row = ledger.row("SELECT was_taken, detail FROM delivery WHERE channel = 'pager' ORDER BY attempt DESC LIMIT 1")
    assert row is not None
    assert tuple(row) == (0, "the plan no longer has this channel; it is told on others")


def test_a_storm_is_one_message_for_people_and_each_alert_for_machines(ledger: Ledger) -> None:
    chat, pager = Recorder("chat"), Recorder("pager")
    for number in range(11):
        put(ledger, a_notice(fingerprint=f"f{number}"))
    deliver(ledger, a_sender(chat, pager, clock=VirtualClock(), people=["chat"]))
    assert (chat.events, len(pager.taken)) == (["digest"], 11)
    counts = ledger.rows("SELECT channel, sum(was_taken) AS n FROM delivery GROUP BY channel ORDER BY channel")
    assert [tuple(row) for row in counts] == [("chat", 11), ("pager", 11)]


def test_two_senders_at_once_tell_everything_once(tmp_path: Path) -> None:
    is_sending, may_go_on = threading.Event(), threading.Event()

    class Slow(Recorder):
        def send(self, notice: Notice) -> Receipt:
            is_sending.set()
            assert may_go_on.wait(20)
            return super().send(notice)

    slow, path = Slow("slow"), tmp_path / "ledger.db"

    def run() -> None:
        with Ledger(path) as ledger:
            deliver(ledger, a_sender(slow, clock=VirtualClock()))

    with Ledger(path) as ledger:
        put(ledger, a_notice())
        first = threading.Thread(target=run)
        first.start()
        assert is_sending.wait(20)
        assert deliver(ledger, a_sender(slow, clock=VirtualClock())) == []
        may_go_on.set()
        first.join()
        deliver(ledger, a_sender(slow, clock=VirtualClock()))
    assert slow.events == ["open"]
