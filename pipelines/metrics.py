"""Metrics for those who watch with their own tools: OpenMetrics text, read from the ledger whenever it is asked for.

Times are Unix seconds and no ages: an age that nobody exports any more stands still, a time grows old by itself
(https://www.robustperception.io/are-increasing-timestamps-counters-or-gauges/).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import get_args

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.registry import Collector

from connectors.contract import FeedContract
from pipelines.deployment import Deployment
from pipelines.freshness.status import FeedStatus, Status, feed_statuses
from pipelines.ledger.channel_states import channel_states
from pipelines.ledger.database import Ledger, existing_ledger, moment
from pipelines.ledger.deliveries import late
from pipelines.ledger.publications import last_publication
from pipelines.ledger.watching import last_stretch
from pipelines.source_guard import credentials_end

# What the sums by day still tell when batches are forgotten: a counter must never go back.
OUTCOMES = ("in", "new", "changed", "quarantined", "deleted")
Sample = tuple[tuple[str, ...], float]


def exposition(deployment: Deployment) -> bytes:
    """OpenMetrics text (https://prometheus.io/docs/specs/om/open_metrics_spec/), UTF-8, with its `# EOF`."""
    registry = CollectorRegistry()
    with existing_ledger(deployment.home.ledger) as ledger:
        now = deployment.clock()
        statuses = feed_statuses(ledger, deployment.catalog, now)
        registry.register(_Collected([*_of_feeds(ledger, statuses), *_of_alerts(ledger, now)]))
        registry.register(_Collected(_of_credentials(deployment.catalog, deployment.environment)))
        text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]
    return text


class _Collected(Collector):
    """Metrics that are known already, as the registry asks for them."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _of_feeds(ledger: Ledger, statuses: list[FeedStatus]) -> Iterator[Metric]:
    marks = ledger.rows(
        "SELECT feed, stage, clock, max(value) AS at FROM high_water_mark GROUP BY feed, stage, clock ORDER BY 1, 2, 3"
    )
    yield _gauge(
        "feed_high_water_mark_timestamp_seconds",
        "How far data reach, per stage and clock.",
        ("feed", "stage", "clock"),
        [((row["feed"], row["stage"], row["clock"]), _seconds(row["at"])) for row in marks],
    )
    yield _gauge(
        "feed_last_success_timestamp_seconds",
        "Last run that read the source to its end, last batch staged, last snapshot.",
        ("feed", "stage"),
        _successes(ledger, statuses),
    )
    filled = ledger.rows("SELECT feed, max(landed_at) AS at FROM feed_batch WHERE row_count > 0 GROUP BY feed")
    yield _gauge(
        "feed_last_nonempty_timestamp_seconds",
        "Last batch that arrived with rows.",
        ("feed",),
        [((row["feed"],), _seconds(row["at"])) for row in filled],
    )
    yield _gauge(
        "feed_next_arrival_due_timestamp_seconds",
        "When the feed is due next by its contract.",
        ("feed",),
        [((status.feed,), status.next_due_at.timestamp()) for status in statuses],
    )
    yield _counter("feed_rows", "Rows by what became of them.", ("feed", "stage", "outcome"), _rows(ledger))
    cut = ledger.rows(
        """SELECT feed, coalesce(error_kind, 'incomplete') AS kind, max(started_at) AS at FROM feed_run
           WHERE status = 'PARTIAL' GROUP BY feed, kind ORDER BY feed, kind"""
    )
    yield _gauge(
        "feed_control_mismatch_timestamp_seconds",
        "Last read that was not what the source claimed, or that ended early.",
        ("feed", "kind"),
        [((row["feed"], row["kind"]), _seconds(row["at"])) for row in cut],
    )
    yield _gauge(
        "feed_held_rows",
        "Rows in quarantine now.",
        ("feed",),
        [((status.feed,), status.rows_held) for status in statuses],
    )
    held = ledger.rows("SELECT feed, min(landed_at) AS at FROM feed_batch WHERE state = 'held' GROUP BY feed")
    yield _gauge(
        "feed_held_oldest_timestamp_seconds",
        "Arrival of the oldest batch that is held.",
        ("feed",),
        [((row["feed"],), _seconds(row["at"])) for row in held],
    )
    yield _gauge(
        "feed_status",
        "1 for the status that the feed has, 0 for the others.",
        ("feed", "status"),
        [((one.feed, status), float(one.status == status)) for one in statuses for status in get_args(Status)],
    )


def _of_alerts(ledger: Ledger, now: datetime) -> Iterator[Metric]:
    yield _gauge(
        "alert_open",
        "Alerts that were told and are not over.",
        ("feed", "class", "severity"),
        [(labels, count) for labels, count in sorted(_open_alerts(ledger).items())],
    )
    failures = ledger.rows("SELECT channel, sum(NOT was_taken) AS n FROM delivery GROUP BY channel ORDER BY channel")
    yield _counter(
        "alert_delivery_failures",
        "Attempts that a channel did not take.",
        ("channel",),
        [((row["channel"],), row["n"]) for row in failures],
    )
    yield _notified(ledger)
    waiting = Counter(channel for _, channel, _ in late(ledger, now))
    known = sorted({state.channel for state in channel_states(ledger)} | set(waiting))
    yield _gauge(
        "alert_undelivered",
        "Notices that are late on a channel.",
        ("channel",),
        [((channel,), waiting[channel]) for channel in known],
    )
    watched = last_stretch(ledger)
    told = ledger.rows("SELECT destination, ended_at FROM lineage_mark ORDER BY destination")
    yield _gauge(
        "lineage_last_run_timestamp_seconds",
        "End of the last run whose lineage was told.",
        ("destination",),
        [((row["destination"],), _seconds(row["ended_at"])) for row in told],
    )
    yield _gauge(
        "monitor_last_evaluation_timestamp_seconds",
        "The last round of watching.",
        (),
        [((), watched.last_at.timestamp())] if watched else [],
    )


def _notified(ledger: Ledger) -> Metric:
    """How long notices took from the outbox to the other side: their number and the sum of seconds."""
    metric = SummaryMetricFamily("alert_notify_seconds", "From a change to its being told.", labels=("channel",))
    for row in ledger.rows(
        """SELECT channel, count(*) AS n, sum((julianday(at) - julianday(created_at)) * 86400) AS seconds
           FROM delivery JOIN outbox USING (notice_id) WHERE was_taken GROUP BY channel ORDER BY channel"""
    ):
        metric.add_metric((row["channel"],), count_value=row["n"], sum_value=row["seconds"])
    return metric


def _of_credentials(catalog: Mapping[str, FeedContract], environment: Mapping[str, str]) -> Iterator[Metric]:
    ends = {contract.feed: credentials_end(contract, environment) for contract in catalog.values()}
    yield _gauge(
        "feed_credential_expiry_timestamp_seconds",
        "When the credentials of the source end.",
        ("feed",),
        [((feed,), at.timestamp()) for feed, at in ends.items() if at],
    )


def _successes(ledger: Ledger, statuses: list[FeedStatus]) -> list[Sample]:
    published = last_publication(ledger)
    published_at = moment(published.published_at) if published else None
    found: list[Sample] = []
    for status in statuses:
        stages = {"landed": status.verified_at, "staged": status.last_loaded_at, "published": published_at}
        found += [((status.feed, stage), at.timestamp()) for stage, at in stages.items() if at]
    return found


def _rows(ledger: Ledger) -> list[Sample]:
    """Rows read by runs, and rows of staged batches by what became of them, over all time."""
    sums = ", ".join(f"sum(rows_{outcome}) AS {outcome!r}" for outcome in OUTCOMES)
    names = ", ".join(f"rows_{outcome}" for outcome in OUTCOMES)
    landed = ledger.rows(
        """SELECT feed, sum(rows_landed) AS landed FROM (
               SELECT feed, coalesce(rows_landed, 0) AS rows_landed FROM feed_run
               UNION ALL SELECT feed, rows_landed FROM feed_day) GROUP BY feed ORDER BY feed"""
    )
    staged = ledger.rows(
        f"""SELECT feed, {sums} FROM (
                SELECT feed, {names} FROM stage_tally WHERE stage = 'staged'
                UNION ALL SELECT feed, {names} FROM feed_day) GROUP BY feed ORDER BY feed"""
    )
    return [
        *(((row["feed"], "landed", "landed"), row["landed"]) for row in landed),
        *(((row["feed"], "staged", outcome), row[outcome]) for row in staged for outcome in OUTCOMES),
    ]


def _open_alerts(ledger: Ledger) -> Counter[tuple[str, ...]]:
    rows = ledger.rows(
        """SELECT body FROM outbox WHERE event <> 'resolve' AND notice_id IN (
               SELECT max(notice_id) FROM outbox GROUP BY fingerprint)"""
    )
    notices = [json.loads(row["body"]) for row in rows]
    return Counter((notice["feed"], notice["failure"], notice["severity"]) for notice in notices)


def _gauge(name: str, help_text: str, labels: tuple[str, ...], samples: Iterable[Sample]) -> Metric:
    metric = GaugeMetricFamily(name, help_text, labels=labels)
    for values, value in samples:
        metric.add_metric(values, value)
    return metric


def _counter(name: str, help_text: str, labels: tuple[str, ...], samples: Iterable[Sample]) -> Metric:
    """The exposition adds `_total` to the name."""
    metric = CounterMetricFamily(name, help_text, labels=labels)
    for values, value in samples:
        metric.add_metric(values, value)
    return metric


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
