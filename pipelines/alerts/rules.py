"""Rules of alerts: how severe each is, which known events keep quiet what they bring, and who is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from connectors.contract import Announced, FeedContract
from pipelines.alerts.lifecycle import RANKS
from pipelines.freshness.failures import Effect, Failure, load_failures
from pipelines.freshness.status import next_due
from pipelines.ledger.alerts import Alert, Severity, Silence

# Is told of what belongs to no feed.
PLATFORM_OWNER = "team:customer-360"
SEVERITIES: dict[Effect, Severity] = {
    "wrong": "critical",
    "missing": "error",
    "held": "error",
    "stale": "error",
    "late": "warning",
    "drift": "warning",
    "notice": "info",
    "harm": "error",
    "owed": "warning",
}
# On a feed that the business cannot do without, these are critical.
WORSE_ON_TIER_1: frozenset[Effect] = frozenset({"missing", "stale"})
# What lasts for so many times what the contract allows is worse than it was.
RISING_AFTER = 2
# And so long without a day on which nothing is past its day is a matter for whoever leads.
OWED_FOR = timedelta(days=7)

# What each kind of known event brings about.
BRINGS: dict[str, frozenset[str]] = {
    "outage": frozenset(
        {
            *("failing", "not_running", "silent_stop", "late", "hung", "slowing", "stale_source", "error_page"),
            *("lagging_replica", "incomplete_read", "abandoned", "missing_children", "mixed_times", "orphans"),
            *("stale_parent", "old_events", "unusual_volume"),
        }
    ),
    "backfill": frozenset(
        {
            *("old_events", "unusual_volume", "bulk_restamp", "regressions", "slowing", "frozen", "redelivered"),
            *("drift", "capped"),
        }
    ),
    "volume": frozenset({"unusual_volume", "capped", "slowing"}),
    "columns": frozenset({"column_added"}),
}
# What a known event of a parent's feed brings about in feeds that name its rows.
OF_PARENTS = frozenset({"orphans", "stale_parent", "missing_children"})


def severity(failure: Failure, contract: FeedContract | None, opened_at: datetime | None, now: datetime) -> Severity:
    """How severe a failure is by what it does to readers; one step more once it lasts for too long."""
    found = SEVERITIES[failure.effect]
    allowed = OWED_FOR if failure.effect == "owed" else None
    if contract is not None:
        if contract.watch.tier == 1 and failure.effect in WORSE_ON_TIER_1:
            found = "critical"
        allowed = RISING_AFTER * (contract.freshness.promise + contract.freshness.grace)
    has_lasted = allowed is not None and opened_at is not None and now - opened_at >= allowed
    return RANKS[min(RANKS.index(found) + 1, len(RANKS) - 1)] if has_lasted else found


def why_silent(
    feed: str, failure: str, silences: Iterable[Silence], catalog: Mapping[str, FeedContract], now: datetime
) -> str | None:
    """Why nobody wants to be told of this failure of this feed now; None when somebody does."""
    for silence in silences:
        if silence.feed == feed and silence.failure in (None, failure):
            until = f"{silence.ends_at:%Y-%m-%d %H:%M} UTC"
            return f"silenced until {until} by {silence.silenced_by}: {silence.reason}"
    own = catalog.get(feed)
    parents = own.watch.parents.values() if own and failure in OF_PARENTS else ()
    for contract in filter(None, (own, *map(catalog.get, parents))):
        for announced in contract.watch.announced:
            if failure in BRINGS[announced.kind] and announced.begins <= now < _over_at(contract, announced):
                return f"announced in the contract of {contract.feed} ({announced.kind}): {announced.note}"
    return None


def _over_at(contract: FeedContract, announced: Announced) -> datetime:
    """After an outage the feed shows that it is well with its next run, not before."""
    if announced.kind != "outage":
        return announced.ends
    return next_due(contract, announced.ends) + contract.watch.max_runtime


def told_to(alert: Alert, contract: FeedContract | None, now: datetime) -> str:
    """Who is told: the owner; the deputy once the time ran out that somebody took for it; the team that owes it."""
    if contract is None:
        is_owed = load_failures()[alert.failure].effect == "owed"
        return f"team:{alert.segment}" if is_owed else PLATFORM_OWNER
    has_run_out = alert.acked_until is not None and now >= alert.acked_until
    return contract.watch.deputy or contract.owner if has_run_out else contract.owner
