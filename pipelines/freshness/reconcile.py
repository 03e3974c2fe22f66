"""Reconcile a feed: compare it with its source, write down what differs, and land exactly those rows when asked to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from connectors.contract import FeedContract
from connectors.cursors import believed_until
from connectors.delivery import FeedTrouble, SourceReader
from connectors.landing import LandingFolder
from connectors.meter import Meter
from connectors.tiers import WINDOWS
from pipelines import source_guard
from pipelines.deployment import Deployment
from pipelines.freshness.comparison import compared
from pipelines.freshness.repair import Repair
from pipelines.land import opened_source
from pipelines.ledger import acceptances, leases, work
from pipelines.ledger.database import Ledger, existing_ledger
from pipelines.ledger.leases import LeaseHeld, LeaseLost
from pipelines.ledger.reconciles import TierResult, record_results
from pipelines.restage import restage_lost


@dataclass
class Reconciliation:
    """What a comparison came to. `note` says why there was nothing to compare, `batch_ids` what a repair landed.

    `rows_restaged` were landed and gone from staging; a repair stages them again.
    """

    feed: str
    results: list[TierResult] = field(default_factory=list)
    note: str | None = None
    batch_ids: list[str] = field(default_factory=list)
    rows_landed: int = 0
    rows_restaged: int = 0
    trouble: FeedTrouble | None = None

    @property
    def differing(self) -> int:
        """How many rows, or files, differ in any way."""
        return sum(result.differing for result in self.results)


def reconcile_feed(
    deployment: Deployment, contract: FeedContract, *, days: int = WINDOWS[-1], wants_repair: bool = False
) -> Reconciliation:
    """Compare a feed with its source, back to `days` days behind its cursor; the result is in the ledger.

    With `wants_repair`, what differs is landed, to be staged like any batch, and what staging lost comes back. Trouble
    is returned, not raised.
    """
    found, meter = Reconciliation(contract.feed), Meter()
    with (
        existing_ledger(deployment.home.ledger) as ledger,
        _cost_noted(deployment, ledger, contract.feed, meter),
        _trouble_kept(found),
    ):
        if wants_repair:
            found.rows_restaged = restage_lost(deployment, contract)
        with opened_source(contract, deployment, meter) as source:
            identity = _checked_identity(deployment, ledger, contract, source)
            if wants_repair:
                _compare_and_repair(deployment, ledger, contract, source, identity, days, found)
            else:
                _compare(deployment, ledger, contract, source, days, found)
    return found


@contextmanager
def _cost_noted(deployment: Deployment, ledger: Ledger, feed: str, meter: Meter) -> Iterator[None]:
    """Write down what the block took and asked of the source, whether it ends well or not."""
    began_at = deployment.clock()
    with deployment.stopwatch.measured() as effort:
        try:
            yield
        finally:
            work.record_work(
                ledger,
                "reconcile",
                began_at,
                effort,
                feed=feed,
                requests=meter.requests,
                byte_count=meter.byte_count,
            )


@contextmanager
def _trouble_kept(found: Reconciliation) -> Iterator[None]:
    try:
        yield
    except FeedTrouble as trouble:
        found.trouble = trouble
    except (LeaseHeld, LeaseLost) as busy:
        step = "Nothing was repaired; run it again when that is done."
        found.trouble = FeedTrouble(found.feed, str(busy), step, kind="busy", is_retryable=True)


def _checked_identity(deployment: Deployment, ledger: Ledger, contract: FeedContract, source: SourceReader) -> str:
    """Who the source is. Raises FeedTrouble when it is not the one that was landed: all of it would seem to differ."""
    folder = LandingFolder(deployment.home.landing, contract)
    committed = folder.committed()
    previous = folder.manifest(committed[-1]) if committed else None
    probe = source.probe(before=believed_until(contract.cursor, deployment.clock()))
    source_guard.check_source(ledger, contract, probe, previous, acceptances.last_acceptance(ledger, contract.feed))
    return probe.identity


def _compare(
    deployment: Deployment,
    ledger: Ledger,
    contract: FeedContract,
    source: SourceReader,
    days: int,
    found: Reconciliation,
) -> None:
    with compared(deployment, ledger, contract, source, days) as comparison:
        found.results, found.note = comparison.results, comparison.note
    record_results(ledger, contract.feed, found.results, None)


def _compare_and_repair(
    deployment: Deployment,
    ledger: Ledger,
    contract: FeedContract,
    source: SourceReader,
    identity: str,
    days: int,
    found: Reconciliation,
) -> None:
    """Both under the feed's lease, so that nothing lands between the look and the repair."""
    resource, clock, patience = f"feed:{contract.feed}", deployment.clock, deployment.patience
    with leases.held(ledger, resource, clock=clock, patience=patience, sleep=deployment.sleep) as lease:
        repair = Repair(deployment, ledger, contract, lease, identity)
        with repair.running() as run_id, compared(deployment, ledger, contract, source, days) as comparison:
            found.results, found.note = comparison.results, comparison.note
            try:
                found.results = repair.land(comparison, source)
            finally:
                record_results(ledger, contract.feed, found.results, run_id)
                found.batch_ids, found.rows_landed = repair.batch_ids, repair.rows_landed
