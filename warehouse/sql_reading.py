"""What a statement reads: published tables and columns, never values.

Belongs here: reading SQL that somebody wrote. Does not belong here: counting it (``pipelines.usage``).
"""

from __future__ import annotations

from functools import cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope

from warehouse.declared import mart_tables
from warehouse.published_macros import published_macros

ALL_COLUMNS = "*"


def tables_read(sql: str) -> frozenset[str]:
    """Published tables, as `schema.name`, that a statement reads, itself or by a macro.

    Raises SqlglotError when it cannot be read.
    """
    return frozenset(name for tree in _trees(sql) for name in map(_published, tree.find_all(exp.Table)) if name)


def columns_read(sql: str) -> frozenset[tuple[str, str]]:
    """(Table, column) of all that a statement names; column `*` where it takes all of them unnamed.

    Empty for a statement that cannot be read, or not be told which table a column is of.
    """
    try:
        return frozenset(found for tree in _trees(sql) for found in _columns(tree))
    except SqlglotError:
        return frozenset()


def _trees(sql: str) -> list[exp.Expr]:
    return [_expanded(tree) for tree in sqlglot.parse(sql, dialect="duckdb") if tree is not None]


def _expanded(tree: exp.Expr) -> exp.Expr:
    """The statement with the bodies of published macros in their places."""
    macros = {macro.name: macro for macro in published_macros()}
    for table in list(tree.find_all(exp.Table)):
        called = table.this
        if isinstance(called, exp.Anonymous) and (macro := macros.get(called.name.lower())):
            body = _expanded(sqlglot.parse_one(macro.sql, dialect="duckdb"))
            table.replace(exp.Subquery(this=body, alias=table.args.get("alias") or exp.TableAlias(this=macro.name)))
    for called in list(tree.find_all(exp.Anonymous)):
        if (macro := macros.get(called.name.lower())) and macro.kind == "scalar":
            called.replace(sqlglot.parse_one(macro.sql, dialect="duckdb"))
    return tree


def _columns(tree: exp.Expr) -> set[tuple[str, str]]:
    qualified = qualify(
        tree, schema=_schema(), dialect="duckdb", db="main", expand_stars=False, validate_qualify_columns=False
    )
    found = set()
    for scope in traverse_scope(qualified):
        tables = {alias: _published(source) for alias, source in scope.sources.items() if isinstance(source, exp.Table)}
        for column in scope.columns:
            if (table := tables.get(column.table)) and column.name in _columns_of(table):
                found.add((table, column.name))
        if any(isinstance(one, exp.Star) or one.is_star for one in getattr(scope.expression, "selects", ())):
            found |= {(table, ALL_COLUMNS) for table in tables.values() if table}
    return found


def _published(table: exp.Table) -> str | None:
    name = f"{table.db or 'main'}.{table.name}".lower()
    return name if _columns_of(name) else None


@cache
def _by_name() -> dict[str, frozenset[str]]:
    return {table.qualified: frozenset(column.name for column in table.columns) for table in mart_tables()}


def _columns_of(table: str) -> frozenset[str]:
    return _by_name().get(table, frozenset())


@cache
def _schema() -> dict[str, object]:
    told: dict[str, dict[str, dict[str, str]]] = {}
    for table in mart_tables():
        told.setdefault(table.schema, {})[table.name] = {column.name: "UNKNOWN" for column in table.columns}
    return dict(told)
