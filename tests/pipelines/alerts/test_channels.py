"""Channels: each says in its receipt whether the other side took the notice, and never repeats a secret."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from pipelines.alerts.channels import file
from pipelines.alerts.channels import post as posting
from pipelines.alerts.channels.alertmanager import Alertmanager
from pipelines.alerts.channels.apprise import Apprise
from pipelines.alerts.channels.build import build_channels
from pipelines.alerts.channels.file import File
from pipelines.alerts.channels.pagerduty import PagerDuty, dedup_key
from pipelines.alerts.channels.stdout import Stdout
from pipelines.alerts.channels.webhook import Webhook
from pipelines.alerts.notice_json import as_json, from_json
from pipelines.alerts.plan import AlertPlan
from tests.pipelines.alerts.notice_factory import NOON, VirtualClock, a_notice
from tests.pipelines.alerts.outside import Outside, Reply, an_outside

KEY = "R0UT1NGKEY"


def pager(outside: Outside) -> PagerDuty:
    return PagerDuty("pager", KEY, outside.url)


def test_a_notice_is_the_same_after_it_was_json() -> None:
    notice = a_notice(covered=("shop.customers: Data are late",))
    assert from_json(as_json(notice)) == notice


def test_pagerduty_has_one_incident_from_opening_to_end() -> None:
    with an_outside() as outside:
        receipts = [pager(outside).send(a_notice(event)) for event in ("open", "update", "ack", "resolve")]
    assert [sent.json["event_action"] for sent in outside.sent] == ["trigger", "trigger", "acknowledge", "resolve"]
    assert {sent.json["dedup_key"] for sent in outside.sent} == {"shop.orders|late|landed|"}
    assert [receipt.remote_id for receipt in receipts] == ["there"] * 4
    payload = outside.sent[0].json["payload"]
    assert (payload["severity"], payload["source"], payload["class"]) == ("error", "shop.orders", "late")
    assert payload["custom_details"]["repair"] == "c360 sync shop.orders"
    assert "rows" not in payload["custom_details"]  # nobody knows how many


def test_a_key_is_cut_to_what_pagerduty_takes_and_stays_different_from_others() -> None:
    long, other = "x" * 300 + "a", "x" * 300 + "b"
    assert len(dedup_key(long)) == 255
    assert dedup_key(long) != dedup_key(other)
    assert dedup_key("x" * 255) == "x" * 255


def test_a_200_with_an_error_in_its_body_is_not_taken() -> None:
    with an_outside(Reply(200, b'{"status": "invalid event"}'), Reply(200, b"<html>maintenance</html>")) as outside:
        assert [pager(outside).send(a_notice()).was_taken for _ in range(2)] == [False, False]
    no = [b'{"ok": false, "error": "channel_not_found"}', b'{"status": "error"}', b'{"success": false}']
    with an_outside(*(Reply(200, body) for body in no), Reply(200, b"thanks")) as outside:
        hook = Webhook("hook", outside.url, lambda: NOON)
        assert [hook.send(a_notice()).was_taken for _ in range(4)] == [False, False, False, True]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120.0),
        ({"Retry-After": "Wed, 18 Nov 2026 12:01:30 GMT", "Date": "Wed, 18 Nov 2026 12:00:00 GMT"}, 90.0),
        ({"Retry-After": "Wed, 18 Nov 2026 11:00:00 GMT", "Date": "Wed, 18 Nov 2026 12:00:00 GMT"}, 0.0),
        # A date of HTTP means GMT, said or not (RFC 9110, 5.6.7).
        ({"Retry-After": "Wed, 18 Nov 2026 12:01:30", "Date": "Wed, 18 Nov 2026 12:00:00 GMT"}, 90.0),
        ({"Retry-After": "Wed, 18 Nov 2026 12:01:30 GMT", "Date": ""}, None),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_a_429_is_not_taken_and_its_retry_after_is_honoured(headers: dict[str, str], seconds: float | None) -> None:
    with an_outside(Reply(429, b"slow down", headers)) as outside:
        receipt = pager(outside).send(a_notice())
    assert (receipt.was_taken, receipt.is_refused) == (False, False)
    assert receipt.retry_after_seconds == seconds


def test_a_400_refuses_the_notice_and_a_500_or_a_401_only_the_moment() -> None:
    with an_outside(Reply(400), Reply(500), Reply(401), Reply(302, headers={"Location": "/elsewhere"})) as outside:
        receipts = [pager(outside).send(a_notice()) for _ in range(4)]
    assert [receipt.is_refused for receipt in receipts] == [True, False, False, False]
    assert [receipt.was_taken for receipt in receipts] == [False] * 4
    assert len(outside.sent) == 4  # the redirect was not followed


def test_no_answer_in_time_is_not_taken_and_says_that_it_may_have_been() -> None:
    with an_outside(Reply(delay=30)) as outside:
        answer = posting.post(outside.url, b"{}", timeout=httpx.Timeout(0.2))
    assert answer.was_taken is False  # type: ignore[union-attr]
    assert "may have been taken" in answer.detail  # type: ignore[union-attr]


def test_nobody_there_is_not_taken() -> None:
    with an_outside() as outside:
        url = outside.url
    receipt = PagerDuty("pager", KEY, url).send(a_notice())
    assert not receipt.was_taken
    assert "ConnectError" in receipt.detail


def test_secrets_that_the_other_side_repeats_are_masked(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with an_outside(Reply(400, f"bad key {KEY}".encode())) as outside:
        channel = pager(outside)
        receipt = channel.send(a_notice())
        outside.replies = [Reply(404, b"there is nothing at /T0KEN")]
        hook = Webhook("hook", f"{outside.url}/T0KEN", lambda: NOON)
        said = hook.send(a_notice()).detail
    logged = " ".join(record.getMessage() for record in caplog.records if record.name.startswith("httpx"))
    for text in (receipt.detail, said, repr(channel), repr(hook), logged):
        assert KEY not in text
        assert "T0KEN" not in text
    assert "…" in receipt.detail


def test_alertmanager_fires_by_severity_and_ends_the_other_severities() -> None:
    with an_outside(Reply(200, b"")) as outside:
        manager = Alertmanager("am", outside.url, lambda: NOON + timedelta(minutes=5), token="t")
        assert manager.send(a_notice(severity="critical")).was_taken
        assert manager.send(a_notice("resolve", severity="critical")).was_taken
    firing, ended = (sent.json for sent in outside.sent)
    now = NOON + timedelta(minutes=5)
    lasts = {alert["labels"]["severity"] for alert in firing if alert["endsAt"] > now.isoformat()}
    assert lasts == {"critical"}
    assert {alert["endsAt"] for alert in ended} == {now.isoformat()}
    assert [alert["labels"] for alert in firing] == [alert["labels"] for alert in ended]
    assert {alert["startsAt"] for alert in firing} == {NOON.isoformat()}
    assert outside.sent[0].path == "/api/v2/alerts"
    assert outside.sent[0].headers["authorization"] == "Bearer t"
    assert firing[0]["annotations"]["summary"] == "[critical] shop.orders: Data are late"
    assert firing[0]["generatorURL"] == "https://example.org/runbook#late"


def test_a_webhook_is_signed_with_its_time_and_named_for_repeats() -> None:
    with an_outside(Reply(200, b'{"id": 17}')) as outside:
        hook = Webhook("hook", outside.url, VirtualClock(), secret="s3cret")
        receipts = [hook.send(a_notice()), hook.send(a_notice()), hook.send(a_notice(version=2))]
    first, again, other = outside.sent
    signed = hmac.new(b"s3cret", b"1795003200." + first.content, hashlib.sha256).hexdigest()
    assert first.headers["x-c360-timestamp"] == "1795003200"  # date -u -d 2026-11-18T12:00 +%s
    assert first.headers["x-c360-signature"] == f"sha256={signed}"
    assert first.headers["idempotency-key"] == again.headers["idempotency-key"] != other.headers["idempotency-key"]
    assert [receipt.remote_id for receipt in receipts] == ["17"] * 3


def test_a_file_holds_each_notice_once_and_survives_a_torn_line(tmp_path: Path) -> None:
    channel = File("file", tmp_path / "new" / "alerts.jsonl")
    assert channel.send(a_notice()).was_taken
    with channel.path.open("ab") as opened:
        opened.write(b'{"fingerprint": "torn')
    assert channel.send(a_notice()).detail == "it was there already"
    assert channel.send(a_notice("resolve", version=2)).was_taken
    lines = channel.path.read_text().splitlines()
    assert [json.loads(line)["event"] for line in (lines[0], lines[2])] == ["open", "resolve"]
    assert len(lines) == 3


def test_a_full_file_becomes_the_former_one_and_no_notice_is_written_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "MOST_BYTES", 1)
    channel = File("file", tmp_path / "alerts.jsonl")
    first, second, third = (a_notice(version=number) for number in (1, 2, 3))
    for notice in (first, second):
        assert channel.send(notice).detail == "written"
    assert channel.send(first).detail == "it was there already"
    assert channel.send(third).detail == "written"
    assert (tmp_path / "alerts.jsonl.1").read_text() == as_json(second) + "\n"
    assert channel.path.read_text() == as_json(third) + "\n"


def test_a_file_that_cannot_be_written_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    receipt = File("file", tmp_path / "taken" / "alerts.jsonl").send(a_notice())
    assert not receipt.was_taken


def test_standard_output_gets_one_line_a_notice(capsys: pytest.CaptureFixture[str]) -> None:
    assert Stdout("out").send(a_notice()).was_taken
    assert from_json(capsys.readouterr().out) == a_notice()


def test_apprise_tells_people_what_to_do_and_says_when_it_was_not_taken() -> None:
    with an_outside(Reply(200, b""), Reply(500)) as outside:
        channel = Apprise("chat", outside.url.replace("http://", "json://") + "/T0KEN")
        receipts = [channel.send(a_notice("resolve")), channel.send(a_notice())]
    assert [receipt.was_taken for receipt in receipts] == [True, False]
    first, second = (sent.json for sent in outside.sent)
    assert (first["type"], second["type"]) == ("success", "failure")
    assert first["title"] == "[error] Resolved: shop.orders: Data are late"
    assert "repair: c360 sync shop.orders" in second["message"]
    assert "T0KEN" not in receipts[1].detail


def test_a_channel_whose_variables_are_missing_says_which(tmp_path: Path) -> None:
    plan = AlertPlan.model_validate(
        {"channels": [{"kind": "webhook", "name": "hook", "url": "HOOK_URL", "secret": "HOOK_SECRET"}]}
    )
    channels = build_channels(plan, {"HOOK_URL": "http://x"}, usual_file=tmp_path / "a", clock=lambda: NOON)
    receipt = channels["hook"].send(a_notice())
    assert not receipt.was_taken
    assert receipt.detail.startswith("HOOK_SECRET is not set")
