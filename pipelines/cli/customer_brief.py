"""The brief on one customer as a person reads it: one screen, what matters most first."""

from __future__ import annotations

import textwrap
from typing import Any

from rich.markup import escape

from pipelines.cli.console import out, when
from warehouse.brief import Brief

WIDTH = 110
_LABEL, _DAY = 9, 12
# Section → rows shown at most, lines a row may take, and its colour. All together fit on a screen of 45 lines.
_SHOWN = {
    "owed": (4, 2, "yellow"),
    "against": (3, 1, "red"),
    "ticket": (3, 1, "yellow"),
    "parcel": (2, 1, "yellow"),
    "contact": (7, 1, ""),
    "said": (5, 1, ""),
    "standing": (6, 2, ""),
    "channel": (4, 1, ""),
    "source": (3, 1, "yellow"),
}


def print_brief(brief: Brief) -> None:
    """Print it; rows that do not fit are counted."""
    person, *about = brief.section("who")
    as_of = f"as known at {when(brief.as_of)}" if brief.is_past else f"snapshot of {when(brief.as_of)}"
    name = escape(person["what"] or "(no name known)")
    out.print(f"[bold]{name}[/bold]  {brief.customer_id}  [dim]{as_of} UTC[/]", soft_wrap=True)
    _print_row("", "", person["detail"], 2, "")
    for row in about:
        _print_row("", "", _text(row), 2, "dim")
    for section, (at_most, lines, colour) in _SHOWN.items():
        rows = brief.section(section)
        silent = [row for row in rows if section == "contact" and row["happened_at"] is None]
        told = [row for row in rows if row not in silent]
        for number, row in enumerate(told[:at_most]):
            moment = row["happened_at"]
            _print_row("" if number else section, f"{moment:%Y-%m-%d}" if moment else "", _text(row), lines, colour)
        if len(told) > at_most:
            _print_row("", "", f"and {len(told) - at_most} more", 1, "dim")
        if silent:
            channels = ", ".join(f"{row['what']} ({row['detail'].rpartition(' · ')[2]})" for row in silent)
            _print_row("" if told else section, "none by", channels, 3, "dim")
    if brief.is_past:
        _print_row("source", "", "their state then is told by channel; feeds are judged as of today only", 1, "dim")
    elif not brief.section("source"):
        _print_row("source", "", "all sources are current", 1, "dim")


def _text(row: dict[str, Any]) -> str:
    return " · ".join(" ".join(str(part).split()) for part in (row["what"], row["detail"]) if part)


def _print_row(label: str, day: str, text: str, lines: int, colour: str) -> None:
    room = WIDTH - _LABEL - _DAY
    for number, line in enumerate(textwrap.wrap(text, room, max_lines=lines, placeholder=" …") or [""]):
        head = f"[dim]{'' if number else label:<{_LABEL}}[/]{'' if number else day:<{_DAY}}"
        shown = f"[{colour}]{escape(line)}[/]" if colour else escape(line)
        out.print(head + shown, soft_wrap=True, highlight=False)
