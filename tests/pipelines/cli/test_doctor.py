"""`c360 doctor`: what is not in place is named before it is needed."""

from __future__ import annotations

import re
from pathlib import Path

from pipelines.settings import Home
from tests.journey_factory import DAY_ONE, c360


def line_of(thing: str, home: Path) -> str:
    """What the doctor says of a thing, from its mark to the mark of the next thing."""
    said = " ".join(c360(Home(home), "doctor", now=DAY_ONE).out.split())
    [found] = [part for part in re.split(r" (?=[✓✗!] )", said) if part[2:].startswith(f"{thing}: ")]
    return found


def test_variables_that_alert_channels_need_and_that_are_not_set_are_named_without_sending(tmp_path: Path) -> None:
    (tmp_path / "alerts.yml").write_text(
        "channels:\n"
        "  - {kind: pagerduty, name: pager, key: PAGER_KEY}\n"
        "  - {kind: webhook, name: hook, url: HOOK_URL}\n"
        "dead_man: {url: PING_URL, period: 15m}\n"
    )
    (tmp_path / ".env").write_text("HOOK_URL=http://127.0.0.1:1/\n")  # a request there would fail
    assert line_of("alerts", tmp_path).startswith(
        "✗ alerts: PAGER_KEY (pager), PING_URL (dead_man) not set. Set them in"
    )


def test_users_and_tokens_that_sources_need_and_that_are_not_set_are_named_beside_their_connections(
    tmp_path: Path,
) -> None:
    (tmp_path / ".env").write_text("C360_MAILER_URL=http://127.0.0.1:1/\nC360_MAILER_USER=\nC360_HELPDESK_TOKEN=long\n")
    told = line_of("connections", tmp_path)
    assert told.startswith("✗ connections: ")
    missing = told.removeprefix("✗ connections: ").partition(" not set.")[0].split(", ")
    assert {"C360_MAILER_USER", "C360_MAILER_TOKEN", "C360_HELPDESK_URL", "C360_SHOP_URL"} <= set(missing)
    assert not {"C360_MAILER_URL", "C360_HELPDESK_TOKEN"} & set(missing)


def test_a_mistake_in_the_alerts_file_is_trouble_for_the_doctor(tmp_path: Path) -> None:
    (tmp_path / "alerts.yml").write_text("channels:\n  - {kind: file, nam: file}\n")
    assert line_of("alerts", tmp_path).startswith("✗ alerts: 2 problems. Run c360 alerts test to see them.")


def test_without_an_alerts_file_the_doctor_shows_that_alerts_go_to_the_file(tmp_path: Path) -> None:
    assert line_of("alerts", tmp_path).startswith("✓ alerts: channels file")


def test_a_secret_too_short_to_be_hidden_is_named_by_its_variable_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / "alerts.yml").write_text(
        "channels:\n"
        "  - {kind: pagerduty, name: pager, key: PAGER_KEY}\n"
        "  - {kind: webhook, name: hook, url: HOOK_URL, secret: HOOK_SECRET}\n"
    )
    (tmp_path / ".env").write_text(
        "HOOK_URL=http://127.0.0.1:1/\nHOOK_SECRET=long-enough\nPAGER_KEY=§§§\nC360_SHOP_URL=postgresql://amy:ßß@h/s\n"
    )
    told = line_of("secrets", tmp_path)
    assert told.startswith("! secrets: C360_SHOP_URL, PAGER_KEY: fewer than 4 characters")
    assert "§" not in told
    assert "ß" not in told
