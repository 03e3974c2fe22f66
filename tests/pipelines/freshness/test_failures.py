"""The catalogue of failures holds together: modes, detectors, runbook and commands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from pipelines.freshness.failures import Failure, load_failures, load_modes
from pipelines.freshness.runbook import runbook_link
from tests.command_line import command_line

ROOT = Path(__file__).parents[3]
HEADINGS = re.findall(r"^#+ (.+)$", (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8"), flags=re.MULTILINE)


def anchors() -> set[str]:
    """As Markdown pages link to headings: lower case, spaces to hyphens, other signs but letters and digits away."""
    return {re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-")) for heading in HEADINGS}


def test_every_mode_is_told_as_a_failure_or_prevented() -> None:
    told = {mode for failure in load_failures().values() for mode in failure.modes}
    assert told <= set(load_modes())
    assert [mode.mode for mode in load_modes().values() if mode.mode not in told and mode.prevented is None] == []


def test_there_are_eighty_five_modes_and_what_is_prevented_says_how() -> None:
    assert len(load_modes()) == 85
    assert [mode.mode for mode in load_modes().values() if "P" in mode.by and mode.prevented is None] == ["B18", "F8"]


def test_every_failure_has_its_heading_in_the_runbook() -> None:
    for failure in load_failures().values():
        assert runbook_link(failure.name).partition("#")[2] in anchors()


@pytest.mark.parametrize("failure", load_failures().values(), ids=lambda failure: failure.name)
def test_what_people_are_told_of_a_failure_names_its_feed_and_part(failure: Failure) -> None:
    assert not [text for text in failure.words("shop.orders", "store").values() if "{" in text]


@pytest.mark.parametrize("failure", load_failures().values(), ids=lambda failure: failure.name)
def test_the_commands_of_a_failure_are_commands_of_c360(failure: Failure) -> None:
    said = failure.words("shop.orders", "C00000000000A1")
    for line in (said["look"], said["repair"]):
        program, *words = shlex.split(line)
        assert program == "c360"
        command = command_line()
        while words and hasattr(command, "commands"):
            assert words[0] in command.commands, line
            command = command.commands[words.pop(0)]
        command.make_context(line, words)  # as a shell would hand them over; runs nothing
