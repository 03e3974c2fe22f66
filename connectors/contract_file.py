"""Read a contract file, and say everything that is wrong with it at once: file, line, key, fact, next step."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from connectors.contract import FeedContract
from connectors.yaml_text import parsed


@dataclass(frozen=True)
class ContractProblem:
    """One mistake in one contract file. `line` counts from 1."""

    file: Path
    line: int
    key: str
    fact: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key}: {self.fact}"


class ContractError(Exception):
    """One or more contracts cannot be used; `problems` holds every mistake found."""

    def __init__(self, problems: list[ContractProblem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


def load_contract(path: Path) -> FeedContract:
    """One contract from its YAML file.

    Raises:
        ContractError: with every mistake in the file, each with its line.
    """
    try:
        text = path.read_text(encoding="utf-8")
        root, data = parsed(text)
    except UnicodeDecodeError as error:
        raise ContractError([ContractProblem(path, 1, "file", f"is not UTF-8 ({error}). Save it as UTF-8.")]) from None
    except OSError as error:
        raise ContractError([ContractProblem(path, 1, "file", f"cannot be read: {error.strerror}.")]) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        fact = f"is not YAML: {getattr(error, 'problem', error)}. Correct the syntax at this line."
        raise ContractError([ContractProblem(path, mark.line + 1 if mark else 1, "file", fact)]) from None
    if not isinstance(data, dict):
        raise ContractError([ContractProblem(path, 1, "file", "holds no keys. Start with 'feed: system.name'.")])
    problems = _misplaced(path, data, root)
    try:
        contract = FeedContract.model_validate(data)
    except ValidationError as error:
        problems += [_problem(path, root, details) for details in error.errors()]
        raise ContractError(sorted(problems, key=lambda problem: problem.line)) from None
    if problems:
        raise ContractError(problems)
    return contract


def _misplaced(path: Path, data: dict[str, Any], root: yaml.Node | None) -> list[ContractProblem]:
    expected = f"{path.parent.name}.{path.stem}"
    if not isinstance(data.get("feed"), str) or data["feed"] == expected:
        return []
    system, _, name = data["feed"].partition(".")
    fact = f"'{data['feed']}' lies elsewhere. Move it to {system}/{name}.yml or call the feed {expected}."
    return [ContractProblem(path, _line(root, ("feed",)), "feed", fact)]


def _problem(path: Path, root: yaml.Node | None, details: Any) -> ContractProblem:
    location = _location(root, details["loc"])
    key = ".".join(str(part) for part in location) or "contract"
    message = details["msg"].removeprefix("Value error, ").rstrip(".")
    fact = {
        "missing": "is missing. Add it.",
        "extra_forbidden": "is not a known key. Remove it or correct its spelling.",
    }.get(details["type"], f"{message}.")
    if details["type"] == "string_pattern_mismatch":
        fact = f"'{details['input']}' does not have the form {details['ctx']['pattern']}. Correct it."
    return ContractProblem(path, _line(root, location), key, fact)


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


def _line(root: yaml.Node | None, loc: tuple[int | str, ...]) -> int:
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


def _child(node: yaml.Node | None, part: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == part), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        child: yaml.Node = node.value[part]
        return child
    return None
