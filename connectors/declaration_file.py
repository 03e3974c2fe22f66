"""Read a declaration (one YAML file, one pydantic model) and say everything that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from connectors.yaml_text import parsed


@dataclass(frozen=True)
class Problem:
    """One mistake in one file. `line` counts from 1."""

    file: Path
    line: int
    key: str
    fact: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key}: {self.fact}"


class DeclarationError(Exception):
    """One or more files cannot be used; `problems` holds every mistake found. `subject` says what was declared."""

    subject = "the declarations"

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


Declared = TypeVar("Declared", bound=BaseModel)
Complaints = Callable[[dict[str, Any], yaml.Node | None], list[Problem]]


def load_declaration(
    path: Path,
    model: type[Declared],
    error: type[DeclarationError],
    *,
    first_key: str,
    complaints: Complaints = lambda _data, _root: [],
) -> Declared:
    """The model that a file declares. `first_key` is shown to who left the file empty.

    `complaints` finds what the model cannot see, such as a file in the wrong folder.

    Raises:
        DeclarationError: an `error` with every mistake in the file, each with its line.
    """
    try:
        root, data = parsed(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as fault:
        raise error([Problem(path, 1, "file", f"is not UTF-8 ({fault}). Save it as UTF-8.")]) from None
    except OSError as fault:
        raise error([Problem(path, 1, "file", f"cannot be read: {fault.strerror}.")]) from None
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        fact = f"is not YAML: {getattr(fault, 'problem', fault)}. Correct the syntax at this line."
        raise error([Problem(path, mark.line + 1 if mark else 1, "file", fact)]) from None
    if not isinstance(data, dict):
        raise error([Problem(path, 1, "file", f"holds no keys. Start with '{first_key}'.")])
    problems = complaints(data, root)
    try:
        declared = model.model_validate(data)
    except ValidationError as wrong:
        problems += [_problem(path, root, details) for details in wrong.errors()]
        raise error(sorted(problems, key=lambda problem: problem.line)) from None
    if problems:
        raise error(problems)
    return declared


def line_of(root: yaml.Node | None, loc: tuple[int | str, ...]) -> int:
    """The line, from 1, of the value at a path of keys and places; of its nearest parent when it is not there."""
    node, line = root, 1
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == part:
                    node, line = value, key.start_mark.line + 1
                    break
            else:
                return line
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def _problem(path: Path, root: yaml.Node | None, details: Any) -> Problem:
    location = _location(root, details["loc"])
    key = ".".join(str(part) for part in location) or "file"
    message = details["msg"].removeprefix("Value error, ").rstrip(".")
    fact = {
        "missing": "is missing. Add it.",
        "extra_forbidden": "is not a known key. Remove it or correct its spelling.",
    }.get(details["type"], f"{message}.")
    if details["type"] == "string_pattern_mismatch":
        fact = f"'{details['input']}' does not have the form {details['ctx']['pattern']}. Correct it."
    return Problem(path, line_of(root, location), key, fact)


def _location(root: yaml.Node | None, loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Drop the parts of a pydantic location that are no keys of the file (the tag of a union, say)."""
    kept: list[int | str] = []
    node = root
    for position, part in enumerate(loc):
        child = _child(node, part)
        if child is None and position < len(loc) - 1 and isinstance(part, str):
            continue
        kept.append(part)
        node = child if child is not None else node
    return tuple(kept)


def _child(node: yaml.Node | None, part: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == part), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        child: yaml.Node = node.value[part]
        return child
    return None
