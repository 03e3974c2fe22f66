"""Read a contract file, and say everything that is wrong with it at once: file, line, key, fact, next step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from connectors.contract import FeedContract
from connectors.declaration_file import DeclarationError, Problem, line_of, load_declaration


class ContractError(DeclarationError):
    """One or more contracts cannot be used; `problems` holds every mistake found."""

    subject = "the contracts"


def load_contract(path: Path) -> FeedContract:
    """One contract from its YAML file.

    Raises:
        ContractError: with every mistake in the file, each with its line.
    """

    def misplaced(data: dict[str, Any], root: yaml.Node | None) -> list[Problem]:
        expected = f"{path.parent.name}.{path.stem}"
        if not isinstance(data.get("feed"), str) or data["feed"] == expected:
            return []
        system, _, name = data["feed"].partition(".")
        fact = f"'{data['feed']}' lies elsewhere. Move it to {system}/{name}.yml or call the feed {expected}."
        return [Problem(path, line_of(root, ("feed",)), "feed", fact)]

    return load_declaration(path, FeedContract, ContractError, first_key="feed: system.name", complaints=misplaced)
