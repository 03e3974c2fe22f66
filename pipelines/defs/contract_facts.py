"""What Dagster shows of a contract: owner, description, freshness policy and columns. No assets here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import dagster as dg

from connectors.contract import FeedContract
from connectors.entities import Entity
from warehouse.declared import MartColumn

# Dagster refuses time windows below a minute.
SHORTEST_WINDOW = timedelta(minutes=1)
# What Dagster takes for an e-mail address; anything else must be a team.
_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,7}")


def feed_spec(
    contract: FeedContract,
    key: dg.AssetKey,
    *,
    kinds: set[str],
    deps: Sequence[dg.AssetKey] = (),
    metadata: Mapping[str, Any] | None = None,
) -> dg.AssetSpec:
    """An asset of the feed. The description begins with the grain."""
    return dg.AssetSpec(
        key,
        deps=deps,
        description=f"{contract.grain} {contract.description}",
        owners=[asset_owner(contract.owner)],
        group_name=contract.system,
        kinds=kinds,
        tags={"feed": contract.feed, "system": contract.system, "entity": contract.entity},
        metadata={"feed": contract.feed, "contract_version": contract.version, **(metadata or {})},
        freshness_policy=freshness_policy(contract),
    )


def asset_owner(owner: str) -> str:
    """The contract's owner in Dagster's terms: an address that Dagster does not take for one becomes a team's name."""
    return owner if owner.startswith("team:") or _ADDRESS.fullmatch(owner) else f"team:{owner}"


def freshness_policy(contract: FeedContract) -> dg.FreshnessPolicy | None:
    """Says whether the pipeline ran in time: warns after the promise, fails after the grace.

    Whether the *data* are current is another question, which the check `is_current` answers: a run that finds nothing
    is a materialisation all the same.
    """
    promise, latest = contract.freshness.promise, contract.freshness.promise + contract.freshness.grace
    if latest < SHORTEST_WINDOW:
        return None
    return dg.FreshnessPolicy.time_window(
        fail_window=latest, warn_window=promise if SHORTEST_WINDOW <= promise < latest else None
    )


def entity_schema(entity: Entity, filled: Iterable[str]) -> dg.TableSchema:
    """The columns of the entity that a feed fills."""
    required, wanted = set(entity.required_columns()), set(filled)
    return dg.TableSchema(
        columns=[
            _column(name, column.type, column.description, column.pii, column.unit, is_required=name in required)
            for name, column in entity.columns.items()
            if name in wanted
        ]
    )


def mart_schema(columns: Iterable[MartColumn]) -> dg.TableSchema:
    """The columns of a published table."""
    return dg.TableSchema(
        columns=[
            _column(column.name, column.data_type, column.description, column.pii, column.unit, column.is_key)
            for column in columns
        ]
    )


def _column(name: str, kind: str, description: str, pii: str, unit: str | None, is_required: bool) -> dg.TableColumn:
    tags: Mapping[str, str] = {"pii": pii, **({"unit": re.sub(r"[^\w.-]+", "_", unit)} if unit else {})}
    return dg.TableColumn(
        name=name,
        type=kind,
        description=description,
        constraints=dg.TableColumnConstraints(nullable=not is_required),
        tags=tags,
    )
