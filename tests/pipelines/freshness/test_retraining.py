"""Bands are trained at most once a day, a few feeds in a round, and stay in the ledger while an alert needs them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipelines.freshness.retraining import FEEDS_A_ROUND, with_current_bands
from pipelines.ledger.band_models import BandModel, last_training, read_bands, record_training
from pipelines.ledger.database import Ledger
from pipelines.ledger.findings import FindingRecord, record_findings
from tests.pipelines.freshness.history_factory import CATALOG, NOON, a_batch, a_history

DAY = timedelta(days=1)
FEED = "shop.orders"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.db") as opened:
        yield opened


def model(version: int) -> BandModel:
    parameters = {"share": 0.02, "rho": 0.0, "surprise": 11.5, "rows": 4000.0, "days": 28}
    return BandModel("null_flood", "email", version, span_days=27.9, n=500, excluded=3, parameters=parameters)


def failed(version: int, at: datetime) -> FindingRecord:
    return FindingRecord(FEED, "null_flood", "email", "FAIL", "empty", 10, at, at, {"model": version}, "rules")


def test_a_band_comes_back_as_it_was_recorded(ledger: Ledger) -> None:
    record_training(ledger, FEED, 1, [model(1)], NOON)
    assert read_bands(ledger, FEED, 1) == [model(1)]
    assert last_training(ledger, FEED) == (1, NOON)
    assert last_training(ledger, "shop.accounts") == (0, None)


def test_old_bands_are_forgotten_but_those_that_explain_an_alert_stay(ledger: Ledger) -> None:
    record_training(ledger, FEED, 1, [model(1)], NOON)
    record_training(ledger, FEED, 2, [model(2)], NOON + DAY)
    record_findings(ledger, [failed(2, NOON + DAY)], NOON + DAY)
    record_training(ledger, FEED, 3, [model(3)], NOON + 10 * DAY)
    assert read_bands(ledger, FEED, 1) == []
    assert read_bands(ledger, FEED, 2) == [model(2)]
    assert read_bands(ledger, FEED, 3) == [model(3)]


def test_feeds_are_trained_in_turn_and_not_again_before_a_day_is_over(ledger: Ledger) -> None:
    feeds = sorted(CATALOG)[: FEEDS_A_ROUND + 1]
    batch = a_batch(1, NOON - DAY)
    histories = {feed: a_history(batches=[batch], contract=CATALOG[feed]) for feed in feeds}

    def versions() -> list[int]:
        return [last_training(ledger, feed)[0] for feed in feeds]

    with_current_bands(ledger, histories, NOON)
    assert versions() == [1, 1, 0]
    with_current_bands(ledger, histories, NOON + timedelta(minutes=15))
    assert versions() == [1, 1, 1]
    with_current_bands(ledger, histories, NOON + timedelta(hours=23))
    assert versions() == [1, 1, 1]
    with_current_bands(ledger, histories, NOON + DAY)
    assert versions() == [2, 2, 1]
