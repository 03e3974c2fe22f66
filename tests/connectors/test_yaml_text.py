"""Declarations read by the loader in C are what PyYAML's own loader, written in Python, reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from connectors.catalog import SHIPPED_FOLDER
from connectors.yaml_text import parsed

FILES = sorted(SHIPPED_FOLDER.glob("*/*.yml"))


def lines(node: yaml.Node) -> Iterator[tuple[str, int]]:
    """Tag and line of a node and of all below it."""
    yield node.tag, node.start_mark.line
    below = node.value if isinstance(node.value, list) else []
    for child in below:
        for part in child if isinstance(child, tuple) else (child,):
            yield from lines(part)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_declaration_has_the_same_values_on_the_same_lines(file: Path) -> None:
    text = file.read_text("utf-8")
    root, values = parsed(text)
    assert values == yaml.safe_load(text)
    assert root is not None
    assert list(lines(root)) == list(lines(yaml.compose(text, Loader=yaml.SafeLoader)))


def test_an_empty_text_has_neither_node_nor_values() -> None:
    assert parsed("# nothing\n") == (None, None)


def test_objects_of_python_are_not_made() -> None:
    with pytest.raises(yaml.YAMLError):
        parsed("!!python/object/apply:os.getcwd []")
