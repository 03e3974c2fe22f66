"""Names of assets. A feed keeps its name all the way: shop.orders is landing/shop_orders and staging/shop_orders."""

from __future__ import annotations

import dagster as dg

from connectors.contract import FeedContract

# One step at a time writes warehouse.duckdb. The lease in the ledger guards it too, for work outside Dagster.
WAREHOUSE_POOL = "warehouse"
# Owns what no single feed owns: who is who, the marts and the published file.
PLATFORM_OWNER = "team:customer-360"

CROSSWALK = dg.AssetKey(["identity", "customer_crosswalk"])
GOLDEN_CUSTOMERS = dg.AssetKey(["identity", "golden_customers"])
PUBLISHED = dg.AssetKey(["published", "customer_360"])
MONITOR_KEY = dg.AssetKey(["watch", "monitor"])


def landing_key(contract: FeedContract) -> dg.AssetKey:
    """What arrived of the feed."""
    return dg.AssetKey(["landing", contract.asset_name])


def staging_key(contract: FeedContract) -> dg.AssetKey:
    """The feed's rows in the entity's staging table."""
    return dg.AssetKey(["staging", contract.asset_name])


def mart_key(table: str) -> dg.AssetKey:
    """A published table, as it stands in the marts before publishing. Table names are unique across schemas."""
    return dg.AssetKey(["marts", table])
