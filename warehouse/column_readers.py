"""Which models read each column of a staged entity, taken from their SQL: a column that nobody reads is not needed.

A model reads a column when it writes it after the entity's alias, or without an alias in the select that names the
entity. Where it takes all columns on (``*``), any of their names in the model counts, and so does a name in a macro
that it calls: a column may look read that is not, and never the other way round.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from warehouse.dbt_process import PROJECT

_NOT_SQL = re.compile(r"\{#.*?#\}|--[^\n]*", re.DOTALL)
_MACRO = re.compile(r"\{%-?\s*macro\s+(\w+)\(.*?\{%-?\s*endmacro", re.DOTALL)
_STAGED = re.compile(r"\b(?:source\('staging',\s*|identified\()'(\w+)'")
# {{ source('staging', 'o') }} as alias; ({{ identified('o') }}) as alias; alias as ({{ identified('o') }})
_ALIASES = (
    re.compile(r"source\('staging',\s*'(?P<entity>\w+)'\)\s*\}\}\s+as\s+(?P<alias>\w+)"),
    re.compile(r"identified\('(?P<entity>\w+)'[^)]*\)\s*\}\}\s*\)\s+as\s+(?P<alias>\w+)"),
    re.compile(r"(?P<alias>\w+)\s+as\s+\(\s*\{\{\s*identified\('(?P<entity>\w+)'"),
)
_STRING_OR_NEW_NAME = re.compile(r"'[^']*'|\bas\s+\w+")
_QUALIFIED = re.compile(r"\.(\w+)")
_BARE = re.compile(r"(?<![.\w])(\w+)")


def column_readers(
    entities: Mapping[str, Iterable[str]], project: Path = PROJECT
) -> dict[tuple[str, str], tuple[str, ...]]:
    """(entity, column) → names of the models that read it, in alphabetical order; none for a column nobody reads.

    `entities` gives the columns of each entity.
    """
    names = _names_read(project)
    return {
        (entity, column): tuple(model for (model, read), words in names.items() if read == entity and column in words)
        for entity, columns in entities.items()
        for column in columns
    }


@cache
def _names_read(project: Path) -> dict[tuple[str, str], frozenset[str]]:
    """(model, entity that it reads) → names that may be columns of the entity."""
    macros = {
        found[1]: frozenset(_QUALIFIED.findall(found[0]))
        for path in (project / "macros").glob("*.sql")
        for found in _MACRO.finditer(_NOT_SQL.sub("", path.read_text(encoding="utf-8")))
    }
    names = {}
    for path in sorted((project / "models").glob("*/*.sql"), key=lambda path: path.stem):
        sql = _NOT_SQL.sub("", path.read_text(encoding="utf-8"))
        called = [macros[word] for word in _BARE.findall(sql) if word in macros]
        for entity in sorted(set(_STAGED.findall(sql))):
            names[path.stem, entity] = frozenset().union(_of_entity(sql, entity), *called)
    return names


def _of_entity(sql: str, entity: str) -> set[str]:
    aliases = {found["alias"] for form in _ALIASES for found in form.finditer(sql) if found["entity"] == entity}
    after_alias = re.compile(rf"\b(?:{'|'.join(sorted(aliases)) or '(?!)'})\.(\w+|\*)")
    own = [part for part in re.split(r"\bselect\b", sql) if entity in _STAGED.findall(part)]
    if "*" in after_alias.findall(sql) or any(part.lstrip().startswith("*") for part in own):
        own = [sql]
        words = set(_QUALIFIED.findall(sql))
    else:
        words = set(after_alias.findall(sql))
    return words.union(*(_BARE.findall(_STRING_OR_NEW_NAME.sub("", part)) for part in own))
