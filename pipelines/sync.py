"""Many feeds at once: land them side by side, stage them one by one, and refresh what readers see when it changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from connectors.contract import FeedContract
from pipelines.cross_feed import count_across
from pipelines.deployment import Deployment
from pipelines.faults import record_fault
from pipelines.ingest import FeedOutcome, stage_feed
from pipelines.land import Landing, land_feed
from pipelines.ledger.leases import LeaseHeld, LeaseLost
from pipelines.refresh import Refreshed, refresh_if_due
from pipelines.trouble import Trouble
from pipelines.watch import watch
from warehouse.connection import WarehouseBusy, WarehouseUnreadable
from warehouse.models import MartTrouble
from warehouse.publish import PublishRefused

# Landing waits for sources most of the time; more threads than this only crowd two cores.
LANDING_THREADS = 4


@dataclass
class SyncOutcome:
    """What a sync came to. `refreshed` is None when the published file still tells the truth, or `refresh_trouble`.

    `watch_trouble` is why nobody looked at the feeds afterwards, which is no trouble of the sync.
    """

    feeds: list[FeedOutcome] = field(default_factory=list)
    refreshed: Refreshed | None = None
    refresh_trouble: str | None = None
    watch_trouble: str | None = None

    @property
    def has_trouble(self) -> bool:
        """True when a feed or the refresh did not end well."""
        return self.refresh_trouble is not None or any(feed.troubles for feed in self.feeds)


def sync(
    deployment: Deployment,
    contracts: Sequence[FeedContract],
    *,
    since: datetime | None = None,
    wants_refresh: bool = True,
    on_step: Callable[[str, str], None] = lambda _thing, _step: None,
) -> SyncOutcome:
    """Bring feeds up to date, then the published file. A feed in trouble never stops the others or the refresh.

    With `since` it is a backfill: see `land_feed`. `on_step` hears (feed or 'refresh', what is being done) for progress
    displays.
    """
    outcome = SyncOutcome()

    def land(contract: FeedContract) -> Landing:
        on_step(contract.feed, "landing")
        return land_feed(deployment, contract, since=since)

    pool = ThreadPoolExecutor(max_workers=LANDING_THREADS, thread_name_prefix="landing")
    try:
        landings = list(pool.map(land, contracts))
    finally:
        # Who stops a sync does not wait for the sources of its threads.
        pool.shutdown(wait=False, cancel_futures=True)
    for contract, landing in zip(contracts, landings, strict=True):
        on_step(contract.feed, "staging")
        outcome.feeds.append(stage_feed(deployment, contract, landing))
    # Before the refresh, so that readers are told in the same breath what is known to be wrong.
    _count(deployment, outcome)
    _watch(deployment, outcome)
    if wants_refresh:
        on_step("refresh", "refreshing")
        try:
            outcome.refreshed = refresh_if_due(deployment)
        except (MartTrouble, PublishRefused, Trouble, LeaseHeld, LeaseLost, WarehouseUnreadable) as trouble:
            outcome.refresh_trouble = str(trouble)
        except Exception as error:  # what was landed and staged stands, and readers keep their snapshot
            outcome.refresh_trouble = record_fault(deployment, "refresh", error, "Readers keep the former snapshot")
    if outcome.refreshed is not None:  # so that what it put right is told
        _watch(deployment, outcome)
    return outcome


def _count(deployment: Deployment, outcome: SyncOutcome) -> None:
    """Count across feeds. Who writes the warehouse meanwhile counts after it."""
    try:
        count_across(deployment)
    except (LeaseHeld, WarehouseBusy, WarehouseUnreadable) as busy:
        outcome.watch_trouble = str(busy)
    except Exception as error:
        outcome.watch_trouble = record_fault(deployment, "count across feeds", error, "What was staged stands")


def _watch(deployment: Deployment, outcome: SyncOutcome) -> None:
    """One round of watching. Whatever alerts come to, the data are in."""
    try:
        watch(deployment)
    except LeaseHeld as held:
        outcome.watch_trouble = str(held)
    except Exception as error:
        outcome.watch_trouble = record_fault(deployment, "watch", error, "What was landed and staged stands")
