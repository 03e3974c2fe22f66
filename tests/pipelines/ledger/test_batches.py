"""Batches as the ledger tells them from each other."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.ledger import batches
from pipelines.ledger.batches import Tally
from pipelines.ledger.database import Ledger

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TALLY = Tally(1, 1, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize("other", ["shop.weborders", "shop.web-orders", "SHOP.WEB_ORDERS", "shop.web%"])
def test_a_release_is_of_its_own_batch_and_of_no_feed_with_a_like_name(tmp_path: Path, other: str) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger:
        mine, theirs = "shop.web_orders-00000001", f"{other}-00000001"
        for batch_id in (mine, theirs, batches.release_id(theirs, 1), batches.release_id(mine, 1)):
            batches.mark_staged(ledger, batch_id, batch_id.rpartition("-")[0], TALLY, NOW)
        assert batches.release_count(ledger, mine) == 1
        assert batches.release_count(ledger, theirs) == 1


def test_releases_are_counted_past_nine(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger:
        for number in range(1, 12):
            batches.mark_staged(ledger, batches.release_id("b", number), "shop.orders", TALLY, NOW)
        batches.mark_staged(ledger, "b/again-20261120T120000", "shop.orders", TALLY, NOW)
        assert batches.release_count(ledger, "b") == 11
