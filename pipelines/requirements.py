"""What Customer 360 is asked to do, and what shows that it does: `docs/requirements.yml` read, and made into a page.

Belongs here: reading and rendering the rows. Does not belong here: whether the evidence exists, which
tests/pipelines/test_requirements.py looks at.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

NAME = "requirements.yml"
_HEAD = """# Requirements

Made from `docs/requirements.yml`; edit that, not this page. Each row is a wish and what shows that it is met: columns
and tables of the published file, questions of `c360 ask`, tests, checks of the models, commands and files. What is not
built, or in part only, says what is missing.
"""


@dataclass(frozen=True)
class Requirement:
    """A wish by its number. `evidence` is (kind, name) pairs; `missing` is what is not built of it, None when it is."""

    row: int
    wish: str
    evidence: tuple[tuple[str, str], ...]
    missing: str | None


def requirements(path: Path) -> list[Requirement]:
    """The rows of a file, in its order."""
    return [
        Requirement(
            row=told["row"],
            wish=told["wish"],
            evidence=tuple((kind, name) for kind, _, name in (text.partition(" ") for text in told["shown_by"])),
            missing=told.get("missing"),
        )
        for told in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def render(rows: Iterable[Requirement]) -> str:
    """The page: how many rows are built, and a table with one line for each."""
    rows = list(rows)
    built = sum(row.missing is None for row in rows)
    lines = [
        _HEAD,
        f"{built} of {len(rows)} are built.\n",
        "| | Wish | Shown by | Missing |",
        "| --- | --- | --- | --- |",
    ]
    lines += [f"| {row.row} | {row.wish} | {_shown(row)} | {row.missing or ''} |" for row in rows]
    return "\n".join(lines) + "\n"


def _shown(row: Requirement) -> str:
    written = {"question": "c360 ask {}", "command": "c360 {}"}
    return ", ".join(f"`{written.get(kind, '{}').format(name)}`" for kind, name in row.evidence)
