"""Root causes: which alert explains another one, so that one incident is told once.

Three rules, the first that applies: what the catalogue says of the same feed (`under`); a feed that is behind explains
what its children miss; feeds of one source that fail alike have one cause, and the first of them stands for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from connectors.contract import FeedContract
from pipelines.freshness.failures import Effect, Failure
from pipelines.ledger.alerts import Alert

# A feed on which one of these is done to readers before staging lacks rows that its children point at.
BEHIND: frozenset[Effect] = frozenset({"stale", "late", "missing"})
CHILD_OF_BEHIND = "stale_parent"
# What the source as a whole suffers, not one of its tables.
OF_THE_SOURCE = frozenset(
    {
        *("failing", "silent_stop", "late", "hung", "credentials", "error_page", "stale_source", "lagging_replica"),
        *("clock_skew", "other_source", "source_rolled_back"),
    }
)
# What this machine suffers, whatever the source.
OF_THE_MACHINE = frozenset({"not_running", "storage"})


def causes(
    alerts: Sequence[Alert], catalog: Mapping[str, FeedContract], failures: Mapping[str, Failure]
) -> dict[str, str]:
    """Fingerprint → fingerprint of the alert that explains it, for those that one does. `alerts`: what is wrong now."""
    ranked = sorted(alerts, key=lambda alert: (alert.opened_at is None, alert.opened_at or alert.detected_at))
    by_feed: dict[str, list[Alert]] = {}
    for alert in ranked:
        by_feed.setdefault(alert.feed, []).append(alert)
    found = {}
    unexplained: list[Alert] = []
    for alert in ranked:
        candidates = [
            *_on_the_feed(alert, by_feed[alert.feed], failures),
            *_of_parents(alert, by_feed, catalog, failures),
        ]
        # What has a cause of its own says nothing of other feeds.
        candidates = candidates or [other for other in unexplained if _is_alike(alert, other, catalog)]
        if candidates:
            found[alert.fingerprint] = candidates[0].fingerprint
        else:
            unexplained.append(alert)
    return found


def root(fingerprint: str, explained: Mapping[str, str]) -> str:
    """The end of a chain of causes."""
    seen = {fingerprint}
    while (above := explained.get(fingerprint)) is not None and above not in seen:
        seen.add(above)
        fingerprint = above
    return fingerprint


def covered_by(alerts: Iterable[Alert], explained: Mapping[str, str]) -> dict[str, list[Alert]]:
    """Fingerprint of each root cause → the alerts that it explains, through whatever chain."""
    found: dict[str, list[Alert]] = {}
    for alert in alerts:
        if (above := root(alert.fingerprint, explained)) != alert.fingerprint:
            found.setdefault(above, []).append(alert)
    return found


def _on_the_feed(alert: Alert, here: Sequence[Alert], failures: Mapping[str, Failure]) -> Iterator[Alert]:
    for name in failures[alert.failure].under:
        yield from (other for other in here if other.failure == name)


def _of_parents(
    alert: Alert,
    by_feed: Mapping[str, Sequence[Alert]],
    catalog: Mapping[str, FeedContract],
    failures: Mapping[str, Failure],
) -> Iterator[Alert]:
    contract = catalog.get(alert.feed)
    if contract and (alert.failure == CHILD_OF_BEHIND or CHILD_OF_BEHIND in failures[alert.failure].under):
        for parent in contract.watch.parents.values():
            yield from (other for other in by_feed.get(parent, ()) if _is_behind(failures[other.failure]))


def _is_behind(failure: Failure) -> bool:
    return failure.effect in BEHIND and failure.stage in ("source", "landed")


def _is_alike(alert: Alert, other: Alert, catalog: Mapping[str, FeedContract]) -> bool:
    one, its = catalog.get(alert.feed), catalog.get(other.feed)
    if one is None or its is None or alert.failure != other.failure or alert.feed == other.feed:
        return False
    is_one_source = one.system == its.system or one.source.connection == its.source.connection
    return alert.failure in OF_THE_MACHINE or (alert.failure in OF_THE_SOURCE and is_one_source)
