"""Root causes: which alert explains another one, so that one incident is told once.

Five rules, the first that applies: what the catalogue says of the same feed (`under`); a feed that is behind explains
what its children miss; children that wait explain what their parent lacks; what began on a feed at one time is one
incident; feeds of one source that fail alike, or that wait for one parent, have one cause, and the first of them stands
for all.

An incident keeps the alert that people know: what is found later at the same boundary and explains it lies under it,
and is told as its news; so does a deviation that explains another one, wherever it is seen.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from connectors.contract import FeedContract
from pipelines.freshness.failures import Effect, Failure, Stage
from pipelines.freshness.status import next_due
from pipelines.ledger.alerts import SEEN, Alert

# A feed on which one of these is done to readers before staging lacks rows that its children point at.
BEHIND: frozenset[Effect] = frozenset({"stale", "late", "missing"})
# Where nothing comes, nothing of it is unusual.
OF_WHAT_DOES_NOT_COME: frozenset[Effect] = frozenset({"stale", "late"})
CHILD_OF_BEHIND = "stale_parent"
# Rows of a feed that wait for their parent, by the column that names it.
WAITING = "orphans"
STAGES: tuple[Stage, ...] = ("source", "landed", "staged", "warehouse", "published", "monitor")
# What is learned takes up to so many syncs to see what an exact check sees in the first.
SYNCS_TO_SEE = 3
# What the source as a whole suffers, not one of its tables.
OF_THE_SOURCE = frozenset(
    {
        *("failing", "silent_stop", "late", "hung", "credentials", "error_page", "stale_source", "lagging_replica"),
        *("clock_skew", "other_source", "source_rolled_back"),
    }
)
# What one comparison with the source tells, each of another part of the rows; one repair lands all of them.
OF_A_COMPARISON = frozenset({"rows_missing", "rows_outdated", "rows_extra"})
# What this machine suffers, whatever the source.
OF_THE_MACHINE = frozenset({"not_running", "storage"})
# What all feeds suffer where nothing of the warehouse can be read; as long as it can, each for itself.
OF_THE_WAREHOUSE = frozenset({"ledger_disagrees"})


def causes(
    alerts: Sequence[Alert],
    catalog: Mapping[str, FeedContract],
    failures: Mapping[str, Failure],
    *,
    silent: Container[str] = (),
) -> dict[str, str]:
    """Fingerprint → fingerprint of the alert that explains it, for those that one does.

    `alerts`: what is wrong now. `silent`: fingerprints of those that nobody is told of; what began with one of them is
    told by itself, as else nobody would hear of it.
    """
    ranked = sorted(alerts, key=lambda alert: _rank(alert, failures[alert.failure]))
    by_feed: dict[str, list[Alert]] = {}
    for alert in ranked:
        by_feed.setdefault(alert.feed, []).append(alert)
    found = {}
    unexplained: list[Alert] = []
    for alert in ranked:
        candidates = [
            *_on_the_feed(alert, by_feed[alert.feed], catalog, failures),
            *_of_parents(alert, by_feed, catalog, failures),
            *_of_children(alert, ranked, catalog, failures),
        ]
        # What has a cause of its own explains nothing else, and nothing explains itself in a circle.
        candidates = candidates or [
            *(
                other
                for other in unexplained
                if other.fingerprint not in silent and _is_of_one_onset(alert, other, catalog, failures)
            ),
            *(other for other in unexplained if _is_alike(alert, other, catalog)),
        ]
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


def _rank(alert: Alert, failure: Failure) -> tuple[bool, bool, datetime]:
    """What an exact check names comes before what is only unusual, then what people know already, then the older."""
    return failure.is_learned, alert.opened_at is None, alert.opened_at or alert.detected_at


def _on_the_feed(
    alert: Alert, here: Sequence[Alert], catalog: Mapping[str, FeedContract], failures: Mapping[str, Failure]
) -> Iterator[Alert]:
    yield from (other for other in here if _is_news_of(alert, other, catalog, failures))
    for name in failures[alert.failure].under:
        yield from (o for o in here if o.failure == name and not _is_news_of(o, alert, catalog, failures))


def _is_news_of(
    alert: Alert, known: Alert, catalog: Mapping[str, FeedContract], failures: Mapping[str, Failure]
) -> bool:
    """Whether an alert explains one that people know already, and is the same thing seen more closely."""
    one, its = failures[alert.failure], failures[known.failure]
    is_later = known.state in SEEN and alert.state not in SEEN
    is_seen_closer = one.is_learned if its.is_learned else one.stage == its.stage
    is_one_thing = one.name in its.under and is_seen_closer
    return is_later and is_one_thing and _is_of_one_time(alert, known, catalog)


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


def _of_children(
    alert: Alert, alerts: Sequence[Alert], catalog: Mapping[str, FeedContract], failures: Mapping[str, Failure]
) -> Iterator[Alert]:
    if WAITING in failures[alert.failure].under:
        for other in alerts:
            contract = catalog.get(other.feed)
            if contract and other.failure == WAITING and contract.watch.parents.get(other.segment) == alert.feed:
                yield other


def _is_behind(failure: Failure) -> bool:
    return failure.effect in BEHIND and failure.stage in ("source", "landed")


def _is_of_one_onset(
    alert: Alert, other: Alert, catalog: Mapping[str, FeedContract], failures: Mapping[str, Failure]
) -> bool:
    """Whether two alerts of a feed began together, and one of them adds no more than another column, another part of
    one comparison, or a deviation.

    Two different exact failures stay two: each names a fact that the other does not.
    """
    is_one_look = alert.failure == other.failure or {alert.failure, other.failure} <= OF_A_COMPARISON
    is_one_thing = is_one_look or _is_deviation_from(failures[other.failure], failures[alert.failure])
    return alert.feed == other.feed and is_one_thing and _is_of_one_time(alert, other, catalog)


def _is_of_one_time(alert: Alert, other: Alert, catalog: Mapping[str, FeedContract]) -> bool:
    """Whether two alerts of a feed began within the syncs that it takes to see what goes wrong."""
    contract = catalog.get(alert.feed)
    if contract is None:
        return False
    until, later = sorted((alert.onset_at, other.onset_at))
    for _ in range(SYNCS_TO_SEE):
        until = next_due(contract, until)
    return later <= until


def _is_deviation_from(cause: Failure, failure: Failure) -> bool:
    """Whether a learned failure may be what another one looks like.

    Not what an exact one looks like that lies further down the stream, or by which nothing comes at all.
    """
    if not failure.is_learned or cause.is_learned:
        return failure.is_learned
    return cause.effect not in OF_WHAT_DOES_NOT_COME and STAGES.index(cause.stage) <= STAGES.index(failure.stage)


def _is_alike(alert: Alert, other: Alert, catalog: Mapping[str, FeedContract]) -> bool:
    one, its = catalog.get(alert.feed), catalog.get(other.feed)
    if one is None or its is None or alert.failure != other.failure or alert.feed == other.feed:
        return False
    if alert.failure == WAITING:
        return one.watch.parents.get(alert.segment, "") == its.watch.parents.get(other.segment)
    if alert.failure in OF_THE_WAREHOUSE:
        return "trouble" in alert.evidence and alert.evidence["trouble"] == other.evidence.get("trouble", "")
    is_one_source = one.system == its.system or one.source.connection == its.source.connection
    return alert.failure in OF_THE_MACHINE or (alert.failure in OF_THE_SOURCE and is_one_source)
