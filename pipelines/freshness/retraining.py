"""Keep the bands of all feeds current: train those whose last training is a day old, a few feeds in a round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from connectors.contract import FeedContract
from pipelines.freshness.history import SPAN, FeedHistory
from pipelines.freshness.learned import SIGNALS
from pipelines.freshness.ordinary import learned_since
from pipelines.freshness.training import FailedSpan, train
from pipelines.ledger.band_models import BandModel, last_training, record_training
from pipelines.ledger.database import Ledger
from pipelines.ledger.findings import failed_spans

TRAINED_FOR = timedelta(days=1)
# Rounds come every quarter of an hour and must stay cheap: the others have their turn in the next ones.
FEEDS_A_ROUND = 2
NEVER = datetime.min.replace(tzinfo=UTC)


def with_current_bands(ledger: Ledger, histories: Mapping[str, FeedHistory], now: datetime) -> dict[str, FeedHistory]:
    """The histories, those that were due with bands trained now; what was learned is in the ledger."""
    due: list[tuple[datetime, str, int]] = []
    for feed, history in histories.items():
        version, trained_at = last_training(ledger, feed)
        if history.batches and _is_due(history.contract, trained_at, now):
            due.append((trained_at or NEVER, feed, version))
    trained = dict(histories)
    for _, feed, version in sorted(due)[:FEEDS_A_ROUND]:
        models = _train(ledger, histories[feed], version + 1, now)
        trained[feed] = replace(histories[feed], bands={(one.failure, one.segment): one for one in models})
    return trained


def _is_due(contract: FeedContract, trained_at: datetime | None, now: datetime) -> bool:
    if trained_at is None or now - trained_at >= TRAINED_FOR:
        return True
    since = learned_since(contract, now)
    return since is not None and trained_at < since


def _train(ledger: Ledger, history: FeedHistory, version: int, now: datetime) -> list[BandModel]:
    failed = [
        FailedSpan(
            row["failure"], row["segment"], datetime.fromisoformat(row["begins"]), datetime.fromisoformat(row["ends"])
        )
        for row in failed_spans(ledger, history.feed, now - SPAN)
    ]
    models = train(history, SIGNALS, failed, version)
    record_training(ledger, history.feed, version, models, now)
    return models
