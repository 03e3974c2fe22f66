"""Hold what was landed of a feed against what its source holds now, tier by tier.

Needs no lease: landed batches do not change, and what lands meanwhile lies behind the tiers. Counts and check sums come
first, where the source can make them; rows are read only from buckets that differ.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from connectors.contract import FeedContract
from connectors.delivery import Bucketing, KeyedSource, SourceReader, Window
from connectors.landing import LandingFolder
from connectors.manifest import Manifest
from connectors.reconcile import SideBySide
from connectors.reconcile_files import FolderSource
from connectors.tiers import Bound, Tier, closed_tiers, joined
from pipelines.deployment import Deployment
from pipelines.freshness.folder_comparison import compare_folder
from pipelines.ledger.database import Ledger
from pipelines.ledger.reconciles import TierResult
from warehouse.casting import with_quoted_paths

# As fine as a difference is looked for before its rows are read.
BUCKETS_PER_TIER = 32

Counted = tuple[int, dict[str, str]]


@dataclass
class Comparison:
    """A feed held against its source. `sides` names the rows that differ; `note` says why there is no result."""

    results: list[TierResult] = field(default_factory=list)
    sides: SideBySide | None = None
    note: str | None = None


@contextmanager
def compared(
    deployment: Deployment, ledger: Ledger, contract: FeedContract, source: SourceReader, days: int
) -> Iterator[Comparison]:
    """The comparison of a feed with its opened source, back to `days` days; scratch files last as long as the block.

    Raises:
        FeedTrouble: the source cannot be read.
    """
    now = deployment.clock()
    if isinstance(source, FolderSource):
        results = compare_folder(ledger, contract.feed, source, days, now)
        yield Comparison(results, note=None if results else "its folder was never read to the end")
        return
    folder = LandingFolder(deployment.home.landing, contract)
    manifests = [folder.manifest(batch_id) for batch_id in folder.committed()]
    if contract.delivery == "snapshot":
        manifests = _since_last_full(manifests)
    tiers = closed_tiers(contract, manifests, days)
    if not manifests or not tiers:
        yield Comparison(note="nothing of it was landed yet")
        return
    with _scratch(deployment, contract) as scratch:
        [shape] = source.deliveries(Window(), is_landed=lambda _: False, raw_folder=lambda: scratch)
        sides = SideBySide(contract, scratch, tiers, shape.reader.schema, _is_deleted(contract))
        try:
            sides.take_landed(folder, manifests)
            yield Comparison(_compare(source, sides, scratch, now), sides)
        finally:
            sides.close()


def _compare(source: SourceReader, sides: SideBySide, scratch: Path, now: datetime) -> list[TierResult]:
    counted: dict[int, Counted] = {}
    scope: list[tuple[Bound, Bound]] = []
    for tier in sides.tiers:
        differing = _buckets_to_read(source, sides, tier, counted)
        scope += [(tier.lower, tier.upper)] if differing is None else differing
    for lower, upper in joined(scope):
        # What is no database is read on to its end: a row that is not in its old place may stand in a later one.
        window = Window(_aware(lower), _aware(upper) if isinstance(source, KeyedSource) else None)
        for delivery in source.deliveries(window, is_landed=lambda _: False, raw_folder=lambda: scratch / "raw"):
            sides.take_source(delivery.reader)
    keys = sides.keys_to_confirm(scope)
    if isinstance(source, KeyedSource) and keys.num_rows and keys.num_columns:
        for delivery in source.rows_of_keys(keys):
            sides.take_source(delivery.reader)
    sides.find_differences(scope)
    return [_result(sides, tier, counted.get(tier.days), now) for tier in sides.tiers]


def _buckets_to_read(
    source: SourceReader, sides: SideBySide, tier: Tier, counted: dict[int, Counted]
) -> list[tuple[Bound, Bound]] | None:
    """The buckets of the tier that differ; None when the source cannot add up, so that all of it is to be read."""
    lower, upper = tier.lower, tier.upper
    if not isinstance(lower, datetime) or not isinstance(upper, datetime):
        return None
    if not isinstance(source, KeyedSource) or not sides.has_check_values:
        return None
    bucketing = Bucketing(lower, upper, (upper - lower) // timedelta(microseconds=BUCKETS_PER_TIER))
    totals = sides.contract.totals
    digests = source.digests(bucketing, totals)
    if digests is None:
        return None
    sums = {name: str(sum(Decimal(text or 0) for text in digests.column(name).to_pylist())) for name in totals}
    counted[tier.days] = (sum(digests.column("row_count").to_pylist()), sums)
    return list(sides.buckets_that_differ(bucketing, digests))


def _result(sides: SideBySide, tier: Tier, counted: Counted | None, now: datetime) -> TierResult:
    rows_source, totals_source = counted or sides.rows_read(tier)
    rows_here, totals_here = sides.rows_here(tier)
    found = sides.differences(tier)
    return TierResult(
        days=tier.days,
        reconciled_at=now,
        unit="row",
        method="checksum" if counted else "rows",
        window_lower=_text(tier.lower),
        window_upper=_text(tier.upper),
        rows_source=rows_source,
        rows_here=rows_here,
        missing=found.missing,
        outdated=found.outdated,
        extra=found.extra,
        totals={name: (_plain(totals_source[name]), _plain(here)) for name, here in totals_here.items()},
        samples=found.samples,
    )


def _since_last_full(manifests: Sequence[Manifest]) -> list[Manifest]:
    """The newest full delivery and what comparisons brought since."""
    last = max((place for place, manifest in enumerate(manifests) if manifest.kind == "live"), default=len(manifests))
    return list(manifests[last:])


def _is_deleted(contract: FeedContract) -> str | None:
    """DuckDB: a landed row says itself that it is gone; false where the expression fails on it."""
    if contract.deletes.when is None:
        return None
    expression = with_quoted_paths(contract.deletes.when, list(contract.source_columns()))
    return f"TRY_CAST(TRY({{'v': ({expression})}}).v AS BOOLEAN)"


def _aware(bound: Bound) -> Bound:
    return bound.replace(tzinfo=UTC) if isinstance(bound, datetime) else bound


def _text(bound: Bound) -> str | None:
    return bound.isoformat() if isinstance(bound, datetime) else None if bound is None else str(bound)


def _plain(total: str) -> str:
    return f"{Decimal(total).normalize():f}"


@contextmanager
def _scratch(deployment: Deployment, contract: FeedContract) -> Iterator[Path]:
    """A folder for one comparison; what a killed one left there goes first."""
    folder = deployment.home.work / f"reconcile-{contract.feed}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
