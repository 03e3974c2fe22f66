"""Which assets each mart reads, taken from the text of its model: lineage needs neither dbt nor a second list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import dagster as dg

from connectors.contract import FeedContract
from pipelines.defs.keys import CROSSWALK, GOLDEN_CUSTOMERS, mart_key, staging_key
from warehouse.declared import MODELS, mart_tables

_REFERENCE = re.compile(r"""\bref\(['"](\w+)['"]\)""")
_SOURCE = re.compile(r"\bsource\('(\w+)', '(\w+)'\)")
# Tables that only other models read are gone when the marts are built.
_SCRATCH = "'scratch': true"
# The macro that joins the rows of a staged entity to their customers.
_IDENTIFIED = re.compile(r"\bidentified\('(\w+)'")


def mart_upstreams(contracts: Iterable[FeedContract], folder: Path = MODELS) -> dict[str, set[dg.AssetKey]]:
    """Published model → the assets it reads, through scratch tables. An entity that no feed serves adds none."""
    staged: dict[str, set[dg.AssetKey]] = {}
    for contract in contracts:
        staged.setdefault(contract.entity, set()).add(staging_key(contract))
    models = sorted([*folder.glob("*/*.sql"), *folder.glob("*/*.py")])
    texts = {path.stem: path.read_text(encoding="utf-8") for path in models}
    reads = {name: set(_reads(sql, staged)) for name, sql in texts.items()}
    scratch = {name: reads.pop(name) for name, sql in texts.items() if _SCRATCH in sql}
    found = {name: _without(scratch, upstreams) for name, upstreams in reads.items()}
    days = {table.of_days.name: {mart_key(table.name)} for table in mart_tables() if table.of_days}
    return found | (days if folder == MODELS else {})


def _without(scratch: dict[str, set[dg.AssetKey]], reads: set[dg.AssetKey]) -> set[dg.AssetKey]:
    """What is read, with each scratch table replaced by what that reads."""
    found = set(reads)
    while passed := [name for name in scratch if mart_key(name) in found]:
        for name in passed:
            found = found - {mart_key(name)} | scratch[name]
    return found


def _reads(sql: str, staged: dict[str, set[dg.AssetKey]]) -> Iterator[dg.AssetKey]:
    yield from (mart_key(name) for name in _REFERENCE.findall(sql))
    for entity in _IDENTIFIED.findall(sql):
        yield CROSSWALK
        yield from staged.get(entity, ())
    for schema, table in _SOURCE.findall(sql):
        if schema == "identity":
            yield GOLDEN_CUSTOMERS if table == "golden_customers" else CROSSWALK
        elif schema == "history":  # the published file of before, which no asset stands for
            continue
        elif schema == "staging":
            yield from staged.get(table, ())
        else:  # quarantine and the status of feeds tell of every feed
            yield from (key for keys in staged.values() for key in keys)
