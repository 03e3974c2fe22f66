"""The page on the 85 ways in which a feed fails: what catches each, and what it needs to be seen."""

from __future__ import annotations

from pathlib import PurePosixPath

from pipelines.freshness.evaluate import LOOKED_FOR
from pipelines.freshness.failures import Failure, Mode, load_failures, load_modes
from pipelines.freshness.runbook import FILE

_GROUPS = {
    "A": "Arrival and time",
    "B": "Completeness and cursors",
    "C": "Duplicates, order, concurrency, crash",
    "D": "Schema, types, encoding",
    "E": "Values, semantics, identity",
    "F": "Across feeds and source state",
    "G": "Operating the feed, and the monitor itself",
}
_MEANS = {"E": "exact", "P": "prevented", "H": "learned", "R": "reconcile"}
_HEAD = """# The ways in which one computer fails to feed another

Made from `pipelines/freshness/modes.yml` and `failures.yml`; edit those, not this page. *Exact* checks need no history
and no threshold, *learned* ones compare with what is usual, *reconcile* asks the source again, and *prevented* means
that the way of loading leaves no room for it. *Needs* names what the source or the contract must offer: without it
nobody on this side can see that failure. What nobody looks for yet says so.
"""


def render_coverage() -> str:
    """The whole page."""
    modes, parts = load_modes(), [_HEAD]
    for letter, title in _GROUPS.items():
        parts += [
            f"## {letter}. {title}\n",
            "| | What happens | Caught by | Told as | Needs |",
            "|---|---|---|---|---|",
        ]
        parts += [_line(mode) for mode in modes.values() if mode.mode.startswith(letter)]
        parts.append("")
    return "\n".join(parts)


def _line(mode: Mode) -> str:
    told = [_link(failure) for failure in load_failures().values() if mode.mode in failure.modes]
    means = ", ".join(_MEANS[letter] for letter in mode.by)
    caught = f"{means}: {mode.prevented}" if mode.prevented else means
    return f"| {mode.mode} | {mode.title} | {caught} | {', '.join(told)} | {mode.needs or ''} |"


def _link(failure: Failure) -> str:
    looked_for = "" if failure.name in LOOKED_FOR else " (not looked for yet)"
    return f"[{failure.name}]({PurePosixPath(FILE).name}#{failure.anchor}){looked_for}"
