"""The alerts file: what it says is done, and what is wrong in it is said with file, line, key, fact and next step."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.alerts.plan import AlertsFileError, load_plan

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "alerts.md"
WRONG = """\
channels:
  - {kind: pagerduty, name: pager, key: not_a_variable}
  - {kind: webhook, name: hook}
  - {kind: pigeon, name: bird}
unsent_after: soon
dead_mann: {}
"""


def problems(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "alerts.yml"
    path.write_text(text)
    with pytest.raises(AlertsFileError) as caught:
        load_plan(None, path)
    return [str(problem).removeprefix(f"{path}:") for problem in caught.value.problems]


def test_without_a_file_alerts_go_to_the_homes_own_file(tmp_path: Path) -> None:
    plan = load_plan(None, tmp_path / "alerts.yml")
    assert [(channel.kind, channel.name) for channel in plan.channels] == [("file", "file")]
    assert (plan.dead_man, plan.unsent_after) == (None, timedelta(minutes=10))


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(AlertsFileError, match=r"missing\.yml:1: file: cannot be read: No such file"):
        load_plan(tmp_path / "missing.yml", tmp_path / "alerts.yml")


def test_every_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    found = problems(tmp_path, WRONG)
    assert found[0].startswith("2: channels.0.key: 'not_a_variable' does not have the form")
    assert found[1] == "3: channels.1.url: is missing. Add it."
    assert found[2].startswith("4: channels.2: Input tag 'pigeon'")
    assert found[3].startswith("5: unsent_after: 'soon' is not a duration.")
    assert found[4] == "6: dead_mann: is not a known key. Remove it or correct its spelling."


def test_names_must_differ_and_routes_must_name_channels(tmp_path: Path) -> None:
    (twice,) = problems(tmp_path, "channels: [{kind: stdout, name: a}, {kind: file, name: a}]\n")
    assert "two channels are called a" in twice
    (unknown,) = problems(tmp_path, "channels: [{kind: stdout, name: a}]\nroutes: [{to: [b]}]\nsecond: c\n")
    assert "there is no channel b, c. Channels here: a" in unknown


def test_the_first_route_that_matches_decides_and_an_unexpected_notice_goes_everywhere(tmp_path: Path) -> None:
    path = tmp_path / "alerts.yml"
    path.write_text("""\
channels: [{kind: stdout, name: pager}, {kind: file, name: log}]
routes:
  - {severity: [critical, error], tier: [1], to: [pager, log]}
  - {severity: [info], to: [log]}
  - {owner: ["team:shop"], to: [pager]}
""")
    plan = load_plan(None, path)
    assert plan.route("critical", 1, "team:shop") == ("pager", "log")
    assert plan.route("critical", 2, "team:shop") == ("pager",)
    assert plan.route("info", 1, "team:shop") == ("log",)
    assert plan.route("error", 2, "team:crm") == ("pager", "log")


def test_the_example_of_the_guide_is_a_plan(tmp_path: Path) -> None:
    example = GUIDE.read_text(encoding="utf-8").split("```yaml\n", 1)[1].split("```", 1)[0]
    path = tmp_path / "alerts.yml"
    path.write_text(example)
    plan = load_plan(None, path)
    assert {channel.kind for channel in plan.channels} == {
        "pagerduty", "alertmanager", "webhook", "apprise", "file", "stdout",
    }  # fmt: skip
    assert plan.second is not None
    assert plan.dead_man is not None
