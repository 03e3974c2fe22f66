"""`c360 alerts test`: every channel is tried both ways, and what did not arrive is told."""

from __future__ import annotations

from pathlib import Path

from pipelines.settings import Home
from tests.journey_factory import DAY_ONE, c360
from tests.pipelines.alerts.outside import Reply, an_outside

PLAN = """\
channels:
  - {kind: webhook, name: hook, url: HOOK_URL}
  - {kind: webhook, name: broken, url: BROKEN_URL}
  - {kind: pagerduty, name: pager, key: PAGER_KEY}
"""


def test_every_channel_is_tried_and_the_receipts_are_shown(tmp_path: Path) -> None:
    with an_outside(Reply(200)) as up, an_outside(Reply(503, b"closed")) as down:
        (tmp_path / "alerts.yml").write_text(PLAN)
        (tmp_path / ".env").write_text(f"HOOK_URL={up.url}\nBROKEN_URL={down.url}/T0KEN\n")
        said = c360(Home(tmp_path), "alerts", "test", "--json", now=DAY_ONE)
        shown = c360(Home(tmp_path), "alerts", "test", "hook", now=DAY_ONE)
    assert said.code == 1
    assert [(row["channel"], row["event"], row["was_taken"]) for row in said.document] == [
        ("hook", "open", True),
        ("hook", "resolve", True),
        ("broken", "open", False),
        ("pager", "open", False),
    ]
    assert said.document[2]["detail"] == "HTTP 503 Service Unavailable: closed"
    assert said.document[3]["detail"].startswith("PAGER_KEY is not set")
    assert [sent.json["event"] for sent in up.sent] == ["open", "resolve", "open", "resolve"]
    assert shown.code == 0
    assert "T0KEN" not in said.out + said.err


def test_a_channel_that_does_not_exist_is_wrong_use(tmp_path: Path) -> None:
    said = c360(Home(tmp_path), "alerts", "test", "pigeon", now=DAY_ONE)
    assert (said.code, said.err.strip()) == (2, "There is no channel pigeon. Channels: file.")


def test_a_mistake_in_the_alerts_file_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "alerts.yml").write_text("channels:\n  - {kind: file, nam: file}\n")
    said = c360(Home(tmp_path), "alerts", "test", now=DAY_ONE)
    assert said.code == 2
    assert "2 problem(s) in the alerts file" in said.err
    assert "alerts.yml:2: channels.0.nam: is not a known key." in said.err
