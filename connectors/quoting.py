"""Names and texts as SQL writes them, in DuckDB and in every database that keeps to the standard."""

from __future__ import annotations

from pathlib import Path


def quoted(name: str) -> str:
    """A column's or table's name."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str | Path) -> str:
    """A text or a path as a string."""
    return "'" + str(text).replace("'", "''") + "'"
