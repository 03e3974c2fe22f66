"""Batches in which something was wrong that is over: they say nothing of what is unusual now.

While a failure lasts, what is unusual in its batches lies under its alert. Once it is over, its batches must not go on
being held against what is usual, as several batches are looked at together and a great one outweighs them all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from pipelines.freshness.failures import load_failures
from pipelines.freshness.finding import Finding
from pipelines.ledger.alerts import resolved_alerts
from pipelines.ledger.database import Ledger
from pipelines.ledger.findings import failed_spans

if TYPE_CHECKING:
    from pipelines.freshness.history import Batch

# In the time of these all batches but one, or all of them, were in order.
_NOT_OF_BATCHES = frozenset({"quarantine_forgotten", "rows_unaccounted", "column_added", "slowing"})


class Blamed(NamedTuple):
    """A time in which something was wrong with what came."""

    begins: datetime
    ends: datetime


def closed_blames(ledger: Ledger, feed: str, said: Iterable[Finding], since: datetime) -> tuple[Blamed, ...]:
    """Times since a moment in which the feed's batches were blamed, of failures that are over.

    An exact check is over when `said`, its findings of now, have no failure of it any more. A learned one fails at
    times without meaning much: it blames once its alert was opened and resolved.
    """
    failing = {finding.failure for finding in said if finding.feed == feed and finding.verdict == "FAIL"}
    exact = [
        Blamed(datetime.fromisoformat(row["begins"]), datetime.fromisoformat(row["ends"]))
        for row in failed_spans(ledger, feed, since)
        if row["failure"] not in failing and _is_of_batches(row["failure"], is_learned=False)
    ]
    learned = [
        Blamed(alert.onset_at, alert.failed_at)
        for alert in resolved_alerts(ledger, feed, since)
        if _is_of_batches(alert.failure, is_learned=True)
    ]
    return (*exact, *learned)


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


def _is_of_batches(name: str, *, is_learned: bool) -> bool:
    failure = load_failures().get(name)
    if failure is None or name in _NOT_OF_BATCHES or failure.is_learned != is_learned:
        return False
    return is_learned or failure.stage in ("source", "landed", "staged")
