"""What one refresh makes: who is who, the marts, and the published file. One step, as the lease covers all of it.

Dagster reads the annotation of `config` as a type, so annotations here are not strings.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg

from connectors.contract import FeedContract
from pipelines.cross_feed import count_across
from pipelines.defs.contract_facts import mart_schema
from pipelines.defs.keys import (
    CROSSWALK,
    GOLDEN_CUSTOMERS,
    PLATFORM_OWNER,
    PUBLISHED,
    WAREHOUSE_POOL,
    mart_key,
    staging_key,
)
from pipelines.defs.lineage import mart_upstreams
from pipelines.deployment import Deployment
from pipelines.freshness.status import CURRENT
from pipelines.identity.churn import Report
from pipelines.identity.full_match import Refused, told
from pipelines.ledger.leases import LeaseHeld, LeaseLost
from pipelines.refresh import Refreshed, refresh, rematch
from warehouse.declared import mart_tables

REFRESH_CUSTOMERS = "refresh_customers"


class RefreshConfig(dg.Config):
    """What a refresh is to do beside the usual: match all records anew, within the declared churn."""

    is_rematch: bool = False


def customer_assets(deployment: Deployment, contracts: Sequence[FeedContract]) -> dg.AssetsDefinition:
    """Identity, marts and the published file."""
    specs = customer_specs(contracts)

    @dg.multi_asset(name=REFRESH_CUSTOMERS, specs=specs, pool=WAREHOUSE_POOL)
    def refresh_customers(config: RefreshConfig) -> Iterator[dg.MaterializeResult[Any]]:
        try:
            refreshed = rematch(deployment) if config.is_rematch else refresh(deployment)
        except Refused as refused:
            raise dg.Failure(str(refused), metadata=_report(refused.report)) from refused
        except (LeaseHeld, LeaseLost) as busy:
            raise dg.Failure(f"{busy}. Readers keep the former snapshot; the sensor asks again.") from busy
        count_across(deployment)
        metadata = _metadata(refreshed)
        for spec in specs:
            yield dg.MaterializeResult(asset_key=spec.key, metadata=metadata.get(spec.key))

    return refresh_customers


def customer_specs(contracts: Sequence[FeedContract]) -> list[dg.AssetSpec]:
    """The assets of a refresh, upstream first, as Dagster wants them reported. Marts are described by their models."""
    upstreams = mart_upstreams(contracts)
    tables = {table.name: table for table in mart_tables()}
    reads = {name: sorted(other for other in tables if mart_key(other) in upstreams[name]) for name in tables}
    marts = [tables[name] for name in TopologicalSorter(reads).static_order()]
    return [
        dg.AssetSpec(
            CROSSWALK,
            deps=[staging_key(contract) for contract in contracts],
            description="One row per source record: the customer it belongs to, and why.",
            group_name="identity",
            owners=[PLATFORM_OWNER],
            kinds={"duckdb"},
            metadata={"dagster/table_name": "identity.customer_crosswalk"},
        ),
        dg.AssetSpec(
            GOLDEN_CUSTOMERS,
            deps=[CROSSWALK],
            description="One row per customer: the values that survived, each chosen by a named rule.",
            group_name="identity",
            owners=[PLATFORM_OWNER],
            kinds={"duckdb"},
            metadata={"dagster/table_name": "identity.golden_customers"},
        ),
        *(
            dg.AssetSpec(
                mart_key(table.name),
                deps=sorted(upstreams[table.name]),
                description=table.description,
                group_name="marts",
                owners=[PLATFORM_OWNER],
                kinds={"dbt", "duckdb"},
                metadata={
                    "dagster/table_name": table.qualified,
                    "dagster/column_schema": mart_schema(table.columns),
                },
            )
            for table in marts
        ),
        dg.AssetSpec(
            PUBLISHED,
            deps=[mart_key(table.name) for table in marts],
            description="One file per snapshot: all published tables, audited and swapped in as a whole for readers.",
            group_name="published",
            owners=[PLATFORM_OWNER],
            kinds={"duckdb"},
        ),
    ]


def _metadata(refreshed: Refreshed) -> dict[dg.AssetKey, dict[str, Any]]:
    resolution = refreshed.resolution
    behind = [f"{status.feed} {status.status}" for status in refreshed.statuses if status.status not in CURRENT]
    return {
        CROSSWALK: {
            "is_full_match": resolution.is_full,
            "rematch_held_back": told(resolution.held_back) if resolution.held_back else "no",
            "records": resolution.records,
            "new_records": resolution.new_records,
            "merges": resolution.merges,
            "splits": resolution.splits,
        },
        GOLDEN_CUSTOMERS: {"customers": resolution.customers, "created": resolution.created},
        mart_key("customer_360"): {"dagster/row_count": refreshed.customers},
        PUBLISHED: {
            "snapshot_id": refreshed.snapshot_id,
            "customers": refreshed.customers,
            "feeds_not_current": ", ".join(behind) or "none",
        },
    }


def _report(report: Report | None) -> dict[str, Any]:
    """A report without names: metadata are kept long, and shown to all who see runs."""
    if report is None:
        return {}
    return {
        **asdict(report.churn),
        "affected_share": report.churn.share,
        "most_customers": report.most_customers,
        "most_affected": dg.MetadataValue.json([{**asdict(one), "display_name": None} for one in report.most_affected]),
    }
