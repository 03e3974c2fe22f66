"""Hold what was landed of a feed against what its source holds now, tier by tier.

Needs no lease: landed batches do not change, and what lands meanwhile lies behind the tiers. Counts and check sums come
first, where the source can make them; rows are read only from buckets that differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from connectors.contract import FeedContract
from connectors.delivery import Bucketing, KeyedSource, SourceReader, Window
from connectors.landing import LandingFolder
from connectors.manifest import since_last_full
from connectors.reconcile import SideBySide
from connectors.reconcile_files import FolderSource
from connectors.tiers import Bound, Tier, closed_tiers, joined
from pipelines.deployment import Deployment
from pipelines.erased import graves, keep_out
from pipelines.freshness.folder_comparison import compare_folder
from pipelines.ledger.database import Ledger
from pipelines.ledger.reconciles import TierResult
from pipelines.scratch import scratch_folder
from warehouse.casting import with_quoted_paths

# As fine as a difference is looked for before its rows are read.
BUCKETS_PER_TIER = 32

Digest = tuple[Bucketing, pa.Table]


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
        manifests = since_last_full(manifests)
    tiers = closed_tiers(contract, manifests, days)
    if not manifests or not tiers:
        yield Comparison(note="nothing of it was landed yet")
        return
    with scratch_folder(deployment.home) as scratch:
        [shape] = source.deliveries(Window(), is_landed=lambda _: False, raw_folder=lambda: scratch)
        known = graves(ledger)

        def without_erased(table: Path) -> bool:
            return known is not None and keep_out(table, scratch / "erased.duckdb", contract, known)

        sides = SideBySide(contract, scratch, tiers, shape.reader.schema, _is_deleted(contract), without_erased)
        try:
            digests = _digests(source, contract, tiers)
            sides.take_landed(folder, manifests, wants_check_values=bool(digests))
            yield Comparison(_compare(source, sides, scratch, digests, now), sides)
        finally:
            sides.close()


def _compare(
    source: SourceReader, sides: SideBySide, scratch: Path, digests: dict[int, Digest], now: datetime
) -> list[TierResult]:
    if not sides.has_check_values:
        digests = {}
    scope: list[tuple[Bound, Bound]] = []
    for tier in sides.tiers:
        if tier.days in digests:
            scope += sides.buckets_that_differ(*digests[tier.days])
        else:
            scope.append((tier.lower, tier.upper))
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
    return [_result(sides, tier, digests.get(tier.days), now) for tier in sides.tiers]


def _digests(source: SourceReader, contract: FeedContract, tiers: Sequence[Tier]) -> dict[int, Digest]:
    """What the source counts and adds up in each tier, by its days; nothing when it cannot do so."""
    found: dict[int, Digest] = {}
    for tier in tiers:
        lower, upper = tier.lower, tier.upper
        if not isinstance(source, KeyedSource) or not isinstance(lower, datetime) or not isinstance(upper, datetime):
            break
        bucketing = Bucketing(lower, upper, (upper - lower) // timedelta(microseconds=BUCKETS_PER_TIER))
        digests = source.digests(bucketing, contract.totals)
        if digests is None:
            break
        found[tier.days] = (bucketing, digests)
    return found


def _counted(contract: FeedContract, digests: pa.Table) -> tuple[int, dict[str, str]]:
    """Rows and totals of a tier, as its source counted them."""
    sums = {name: str(sum(Decimal(text or 0) for text in digests.column(name).to_pylist())) for name in contract.totals}
    return sum(digests.column("row_count").to_pylist()), sums


def _result(sides: SideBySide, tier: Tier, digest: Digest | None, now: datetime) -> TierResult:
    rows_source, totals_source = _counted(sides.contract, digest[1]) if digest else sides.rows_read(tier)
    rows_here, totals_here = sides.rows_here(tier)
    found = sides.differences(tier)
    return TierResult(
        days=tier.days,
        reconciled_at=now,
        unit="row",
        method="checksum" if digest else "rows",
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
