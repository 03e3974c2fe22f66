"""The data dictionary: every published table and every staged entity, column by column, as one Markdown page.

Belongs here: turning declarations into text. Does not belong here: the declarations themselves, which live in the model
files and in the entity files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from warehouse.declared import MartTable, mart_tables
from warehouse.published_macros import PublishedMacro, published_macros

_HEAD = """# Data dictionary

Made from the model files under `warehouse/models/`, `warehouse/published_macros.yml`, `warehouse/brief_macros/` and the
entity files under `connectors/entities/`; edit those, not this page. Times are UTC. `Personal data` names the class of
personal data that a column holds; *none* means it holds none.
"""


def render(entities: Iterable[Mapping[str, Any]] = (), tables: Sequence[MartTable] | None = None) -> str:
    """The whole page. ``entities`` are entity files as parsed: entity, description, grain, key, columns."""
    parts = [_HEAD, "## Published tables\n", "What analysts find in `customer_360.duckdb`.\n"]
    parts += [_published(table) for table in (mart_tables() if tables is None else tables)]
    parts += ["## Published macros\n", "Questions to ask of `customer_360.duckdb` by name.\n"]
    parts += [_macro(macro) for macro in published_macros()]
    staged = [_staged(entity) for entity in sorted(entities, key=lambda entity: str(entity["entity"]))]
    if staged:
        parts += ["## Staged entities\n", "What every feed is mapped to; tables of schema `staging`.\n", *staged]
    return "\n".join(parts)


def _published(table: MartTable) -> str:
    lines = [f"### {table.qualified}\n", f"{table.description}\n"]
    lines += ["| Column | Type | Unit | Personal data | Meaning |", "| --- | --- | --- | --- | --- |"]
    for column in table.columns:
        name = f"**{column.name}**" if column.is_key else column.name
        lines.append(_row(name, column.data_type, column.unit or "", column.pii, column.description))
    return "\n".join(lines) + "\n"


def _macro(macro: PublishedMacro) -> str:
    return f"### {macro.signature}\n\n{macro.description}\n\n```sql\n{macro.example}\n```\n"


def _staged(entity: Mapping[str, Any]) -> str:
    key = set(entity["key"])
    lines = [f"### staging.{entity['entity']}\n", f"{_prose(entity['grain'])} {_prose(entity['description'])}\n"]
    lines += ["| Column | Type | Unit | Personal data | Purpose | Meaning |", "| --- | --- | --- | --- | --- | --- |"]
    for name, column in entity["columns"].items():
        shown = f"**{name}**" if name in key else name
        meaning = _prose(column["description"])
        if column.get("values"):
            meaning += " One of: " + ", ".join(str(value) for value in column["values"]) + "."
        unit = column.get("unit") or ""
        lines.append(_row(shown, column["type"], unit, column["pii"], column.get("purpose") or "", meaning))
    return "\n".join(lines) + "\n"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _prose(text: str) -> str:
    return " ".join(text.split())
