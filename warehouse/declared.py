"""The published tables as ``models/*/*.yml`` declare them: the one place where a table's columns are written down.

Belongs here: reading those files. Does not belong here: checking a built file against them (``publish.py``) or
printing them (``dictionary.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from warehouse.cast_sql import quoted

MODELS = Path(__file__).resolve().parent / "models"
_SCHEMA_OF_FOLDER = {
    "core": "main",
    "relations": "main",
    "said": "main",
    "value": "main",
    "health": "main",
    "marts": "main",
    "past": "main",
    "identity": "identity",
    "ops": "ops",
}
# What becomes of a table's past (``config.meta.history``), by the column that says which snapshot a row is of.
HISTORIES = ("valid_from", "frozen_at", "as_of_date")
# What ``config.meta.masked`` says of a table of which the masked file has no rows.
_LEFT_OUT = "left_out"
# The loader in C takes a tenth of the time; some builds of PyYAML lack it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class DeclarationTrouble(ValueError):
    """A model file leaves out something that every published table must state."""


@dataclass(frozen=True)
class MartColumn:
    """One column of a published table. ``pii`` is its class of personal data, 'none' when it holds none."""

    name: str
    data_type: str
    description: str
    pii: str
    unit: str | None
    is_key: bool


@dataclass(frozen=True)
class MartTable:
    """One published table or view; its description begins with the grain.

    ``history`` is one of HISTORIES for a table whose past is kept: ``valid_from`` for one that holds its own periods,
    ``frozen_at`` for one whose rows never change once published, ``as_of_date`` for one that a table of days follows.
    ``is_masked_out`` of a table that is empty in the masked file, as nothing of a row could be shown there.
    """

    schema: str
    name: str
    description: str
    columns: tuple[MartColumn, ...]
    history: str | None = None
    is_masked_out: bool = False

    @property
    def qualified(self) -> str:
        """Schema and name, as a query writes them."""
        return f"{self.schema}.{self.name}"

    @property
    def place(self) -> str:
        """Schema and name as identifiers, for SQL that is put together."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"

    @property
    def of_days(self) -> MartTable | None:
        """The published table of its former days; None when it keeps none."""
        if self.history != "as_of_date":
            return None
        description = (
            f"One row per row of {self.name} and kept day (as_of_date): the last build of each of the latest days and "
            f"of each month. {self.description}"
        )
        columns = tuple(replace(column, is_key=False) for column in self.columns)
        return MartTable(self.schema, f"{self.name}_history", description, columns)


@cache
def mart_tables() -> tuple[MartTable, ...]:
    """Every published table, in the order of the folders and files. Raises DeclarationTrouble for a gap."""
    tables = []
    for folder, schema in _SCHEMA_OF_FOLDER.items():
        for path in sorted((MODELS / folder).glob("*.yml")):
            declared = _LOADER(path.read_text(encoding="utf-8")).get_single_data()
            for model in declared.get("models", []):
                table = _table(path, schema, model)
                tables += [table, table.of_days] if table.of_days else [table]
    return tuple(tables)


def _table(path: Path, schema: str, model: Mapping[str, Any]) -> MartTable:
    where = f"{path.parent.name}/{path.name}: {model['name']}"
    if not model.get("description"):
        raise DeclarationTrouble(f"{where} has no description. State the grain first.")
    meta = model.get("config", {}).get("meta", {})
    history = meta.get("history")
    columns = tuple(_column(where, column) for column in model["columns"])
    if history is not None and (history not in HISTORIES or history not in {column.name for column in columns}):
        raise DeclarationTrouble(f"{where} has history '{history}'. Name a column of it among {', '.join(HISTORIES)}.")
    masked = meta.get("masked")
    if masked not in (None, _LEFT_OUT):
        raise DeclarationTrouble(f"{where} has masked '{masked}'. Write {_LEFT_OUT}, or nothing.")
    return MartTable(schema, model["name"], model["description"], columns, history, is_masked_out=masked is not None)


def _column(where: str, column: Mapping[str, Any]) -> MartColumn:
    meta = column.get("config", {}).get("meta", {})
    for needed, given in (("description", column.get("description")), ("config.meta.pii", meta.get("pii"))):
        if not given:
            raise DeclarationTrouble(f"{where}.{column['name']} has no {needed}. Add it to the model file.")
    return MartColumn(
        name=column["name"],
        data_type=column["data_type"],
        description=column["description"],
        pii=meta["pii"],
        unit=meta.get("unit"),
        is_key="unique" in column.get("data_tests", []),
    )
