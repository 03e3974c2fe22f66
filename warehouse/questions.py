"""Questions that analysts ask by name: one SQL file each in ``queries``, which begins with a comment that explains it.

Belongs here: reading those files. Does not belong here: asking (``answer.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).with_name("queries")
_HEAD = ("question", "parameters", "tables", "sources", "example")


class QuestionTrouble(ValueError):
    """A question that is not there, is not explained, or cannot be asked like this. Names it, the fact and the step."""


@dataclass(frozen=True)
class Parameter:
    """A value that a question takes, by name. `default` is its text, None for no value."""

    name: str
    data_type: str
    default: str | None
    meaning: str


@dataclass(frozen=True)
class Question:
    """A question in words and in SQL.

    `tables` are all that it reads, those of macros among them; `sources` tells kind of source → what of the answer
    comes from it.
    """

    name: str
    question: str
    parameters: tuple[Parameter, ...]
    tables: tuple[str, ...]
    sources: Mapping[str, str]
    example: str
    sql: str


@cache
def questions(folder: Path = FOLDER) -> Mapping[str, Question]:
    """Every question by name, in alphabetical order. Raises QuestionTrouble when a file does not explain itself."""
    return {path.stem: _read(path) for path in sorted(folder.glob("*.sql"))}


def _read(path: Path) -> Question:
    lines = path.read_text(encoding="utf-8").splitlines()
    end = next((number for number, line in enumerate(lines) if not line.startswith("--")), len(lines))
    # Lines of prose may follow the head's last field.
    last = max(
        (number for number, line in enumerate(lines[:end]) if line.startswith(f"-- {_HEAD[-1]}:")), default=end - 1
    )
    try:
        head = yaml.safe_load("\n".join(line.removeprefix("-- ") for line in lines[: last + 1]))
    except yaml.YAMLError as error:
        raise QuestionTrouble(
            f"{path.name}: its head is no YAML ({error}). Correct the comment it begins with."
        ) from None
    missing = [field for field in _HEAD if not isinstance(head, dict) or field not in head]
    if missing:
        raise QuestionTrouble(
            f"{path.name}: its head has no {', '.join(missing)}. Add it to the comment it begins with."
        )
    return Question(
        name=path.stem,
        question=head["question"],
        parameters=tuple(_parameter(path, name, told) for name, told in head["parameters"].items()),
        tables=tuple(head["tables"]),
        sources=head["sources"],
        example=head["example"],
        sql="\n".join(lines[end:]),
    )


def _parameter(path: Path, name: str, told: Mapping[str, Any]) -> Parameter:
    if missing := {"type", "default", "meaning"} - told.keys():
        raise QuestionTrouble(f"{path.name}: parameter {name} has no {', '.join(sorted(missing))}. Add it to the head.")
    if unknown := told.keys() - {"type", "default", "meaning"}:
        # A comma in a text without quotes ends it.
        raise QuestionTrouble(
            f"{path.name}: parameter {name} has '{unknown.pop()}'. Quote texts with commas in the head."
        )
    default = None if told["default"] is None else str(told["default"])
    return Parameter(name, told["type"], default, told["meaning"])
