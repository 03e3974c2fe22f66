"""YAML as values, and as the nodes that know their lines."""

from __future__ import annotations

from typing import Any

import yaml

# Every command reads some thirty files. The loader in C takes a tenth of the time; some builds of PyYAML lack it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parsed(text: str) -> tuple[yaml.Node | None, Any]:
    """The root node of a document and its values; (None, None) of an empty one.

    Raises:
        yaml.YAMLError: the text is not YAML.
    """
    loader = _LOADER(text)
    try:
        root = loader.get_single_node()
        return root, loader.construct_document(root) if root else None
    finally:
        loader.dispose()
