"""Files that come in another order than they were written, and full lists that are held."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.contract import FeedContract
from pipelines.deployment import Deployment
from pipelines.ingest import FeedOutcome, sync_feed
from pipelines.ledger.database import Ledger
from pipelines.settings import Home
from warehouse.connection import open_warehouse

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)


class Desk:
    """A drop folder of prices, and a home that follows it; nothing in a row says when it changed."""

    def __init__(self, folder: Path, **changes: object) -> None:
        self.drop, self.now = folder / "drop", NOON
        self.drop.mkdir()
        source = {"kind": "files", "connection": "DROP", "pattern": "*.csv", "format": "csv"}
        body: dict[str, object] = {
            "feed": "shop.orders",
            "description": "Orders.",
            "grain": "One row per order.",
            "owner": "team:shop",
            "schedule": "0 6 * * *",
            "freshness": {"promise": "26h"},
            "source": source | {"header": {"starts_with": "H|", "fields": ["kind", "sequence"]}},
            "columns": {"order_id": "id", "ordered_at": {"value": "2026-11-17"}, "total_amount": "total"},
        }
        self.contract = FeedContract.model_validate(body | changes)
        self.deployment = Deployment(
            home=Home(folder / "home"),
            catalog={self.contract.feed: self.contract},
            environment={"DROP": str(self.drop)},
            clock=lambda: self.now,
            sleep=lambda _seconds: None,
        )

    def deliver(self, *files: tuple[int, Mapping[str, str]]) -> FeedOutcome:
        """Sync once files with these numbers and totals by order lie in the folder."""
        self.now += timedelta(hours=1)
        for number, totals in files:
            lines = [f"H|{number}", "id,total", *(f"{key},{total}" for key, total in totals.items())]
            (self.drop / f"{number:03}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return sync_feed(self.deployment, self.contract)

    def staged(self) -> dict[str, str]:
        """Live order → total."""
        with open_warehouse(self.deployment.home.root) as connection:
            rows = connection.execute(
                "SELECT order_id, CAST(total_amount AS VARCHAR) FROM staging.orders WHERE NOT _is_deleted"
            ).fetchall()
        return {key: f"{float(total):g}" for key, total in rows}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_file_that_comes_late_changes_nothing_that_later_files_told(desk: Desk) -> None:
    desk.deliver((5, {"a": "5", "b": "5"}))
    desk.deliver((7, {"a": "7"}))
    late = desk.deliver((6, {"a": "6", "b": "6", "c": "6"}))
    assert desk.staged() == {"a": "7", "b": "6", "c": "6"}
    assert (late.tally.rows_refused, late.tally.rows_changed, late.tally.rows_new) == (1, 1, 1)
    desk.deliver((8, {"a": "8", "b": "8", "c": "8"}))
    assert desk.staged() == {"a": "8", "b": "8", "c": "8"}


def test_a_row_that_a_later_file_only_confirmed_is_not_changed_by_a_late_one(desk: Desk) -> None:
    desk.deliver((5, {"a": "5"}))
    desk.deliver((7, {"a": "5"}))
    desk.deliver((6, {"a": "6"}))
    assert desk.staged() == {"a": "5"}


def test_files_that_are_sent_once_more_take_back_what_they_told(desk: Desk) -> None:
    desk.deliver((5, {"a": "5", "b": "5"}))
    desk.deliver((6, {"a": "5", "b": "5"}), (7, {"a": "5", "b": "5"}))
    # The sender had sent the fifth file under two more names; its corrections come in one go.
    desk.deliver((6, {"a": "6"}), (7, {"b": "7"}))
    assert desk.staged() == {"a": "6", "b": "7"}


def test_a_sender_that_counts_from_the_beginning_again_is_not_late(desk: Desk) -> None:
    desk.deliver((998, {"a": "1"}), (999, {"a": "2"}))
    desk.deliver((1, {"a": "3"}))
    desk.deliver((2, {"a": "4"}))
    assert desk.staged() == {"a": "4"}


def test_a_full_list_takes_the_place_of_one_that_is_held(tmp_path: Path) -> None:
    desk = Desk(tmp_path, delivery="snapshot", deletes={"policy": "snapshot"})
    desk.deliver((1, dict.fromkeys("abcd", "1")))
    held = desk.deliver((2, {"a": "2"}))
    assert "is held" in held.troubles[0]
    assert desk.staged() == dict.fromkeys("abcd", "1")
    desk.deliver((3, dict.fromkeys("abce", "3")))
    assert desk.staged() == dict.fromkeys("abce", "3")
    assert desk.deliver().troubles == []
    assert desk.staged() == dict.fromkeys("abce", "3")
    with Ledger(desk.deployment.home.ledger) as ledger:
        assert {row["state"] for row in ledger.rows("SELECT state FROM feed_batch")} == {"staged"}
