"""Macros of the published file, as ``published_macros.yml`` and, for the brief, ``brief_macros/*.yml`` declare them.

Belongs here: reading those files and creating the macros. Does not belong here: the tables they ask (``models/``).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import yaml

from warehouse.cast_sql import literal, quoted

if TYPE_CHECKING:
    import duckdb

_PARTS_OF_BRIEF = ("moment", "person", "word", "contact", "matter", "standing", "brief")
# A macro may ask those before it.
DECLARATIONS = (
    Path(__file__).with_name("published_macros.yml"),
    *(Path(__file__).with_name("brief_macros") / f"{part}.yml" for part in _PARTS_OF_BRIEF),
)


@dataclass(frozen=True)
class PublishedMacro:
    """One macro of schema ``main``: a table to select from, or a scalar to call on values."""

    name: str
    kind: Literal["table", "scalar"]
    parameters: tuple[str, ...]
    description: str
    example: str
    sql: str

    @property
    def signature(self) -> str:
        """Name and parameters, as a query writes them."""
        return f"{self.name}({', '.join(self.parameters)})"


@cache
def published_macros() -> tuple[PublishedMacro, ...]:
    """Every declared macro, in the order of the files."""
    declared = [entry for file in DECLARATIONS for entry in yaml.safe_load(file.read_text(encoding="utf-8"))]
    return tuple(PublishedMacro(**{**entry, "parameters": tuple(entry["parameters"])}) for entry in declared)


def create_macros(connection: duckdb.DuckDBPyConnection, names: Collection[str] | None = None) -> None:
    """Create or replace every declared macro, or those named, with its description as comment.

    The tables that a macro asks must be there.
    """
    for macro in published_macros():
        if names is not None and macro.name not in names:
            continue
        keyword = "TABLE" if macro.kind == "table" else ""
        parameters = ", ".join(map(quoted, macro.parameters))
        connection.execute(f"CREATE OR REPLACE MACRO main.{quoted(macro.name)}({parameters}) AS {keyword} {macro.sql}")
        connection.execute(f"COMMENT ON MACRO {keyword} main.{quoted(macro.name)} IS {literal(macro.description)}")
