"""Batches that an exact check has blamed: what was wrong in them is known, so they say nothing of what is unusual now.

While such a failure lasts, what is unusual in its batches lies under its alert. Once it is over, its batches must not
go on being held against what is usual, as several batches are looked at together and a great one outweighs them all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from pipelines.freshness.failures import Failure, load_failures
from pipelines.freshness.finding import Finding
from pipelines.ledger.database import Ledger
from pipelines.ledger.findings import failed_spans

if TYPE_CHECKING:
    from pipelines.freshness.history import Batch

# These are found late and speak of a time long before, in which all batches but one were in order.
_NOT_OF_NEWEST = frozenset({"quarantine_forgotten", "rows_unaccounted"})


class Blamed(NamedTuple):
    """A time in which an exact check failed that passes by now."""

    begins: datetime
    ends: datetime


def closed_blames(ledger: Ledger, feed: str, said: Iterable[Finding], since: datetime) -> tuple[Blamed, ...]:
    """Times since a moment in which exact checks blamed the feed's batches, of failures that `said` do not find now."""
    failing = {finding.failure for finding in said if finding.feed == feed and finding.verdict == "FAIL"}
    catalogue = load_failures()
    return tuple(
        Blamed(datetime.fromisoformat(row["begins"]), datetime.fromisoformat(row["ends"]))
        for row in failed_spans(ledger, feed, since)
        if row["failure"] not in failing and (known := catalogue.get(row["failure"])) and _is_of_batches(known)
    )


def blamed_batches(batches: Sequence[Batch], blames: Collection[Blamed]) -> frozenset[str]:
    """Ids of the batches that came in such a time, and of those of the first run after it.

    That run brings what piled up meanwhile, or a correction.
    """
    found = {batch.batch_id for one in blames for batch in batches if one.begins <= batch.landed_at <= one.ends}
    for one in blames:
        first = next((batch for batch in batches if batch.landed_at > one.ends), None)
        if first is not None:
            found |= {batch.batch_id for batch in batches if batch is first or batch.run_id == first.run_id is not None}
    return frozenset(found)


def _is_of_batches(failure: Failure) -> bool:
    is_exact = failure.successive == 1 and failure.name not in _NOT_OF_NEWEST
    return is_exact and failure.stage in ("source", "landed", "staged")
