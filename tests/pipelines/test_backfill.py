"""A backfill reads again what lies behind the cursor, and moves neither cursor nor freshness."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.freshness.status import feed_status
from pipelines.ingest import stage_feed
from tests.pipelines.shop_desk import NOON, ShopDesk

HOUR = timedelta(hours=1)


@pytest.fixture
def desk(tmp_path: Path) -> ShopDesk:
    """A shop whose order 1 was changed without a new time, and whose order 9 came with one that is long past."""
    made = ShopDesk(tmp_path)
    made.order(range(1, 4), NOON - 9 * HOUR)
    made.order(range(4, 6), NOON)
    stage_feed(made.deployment, made.contract, made.land())
    made.ask("UPDATE orders SET amount = '7.00' WHERE id = 1")
    made.order(range(9, 10), NOON - 8 * HOUR)
    return made


def test_what_a_live_read_cannot_see_comes_with_a_backfill(desk: ShopDesk) -> None:
    assert desk.land().rows_landed == 0
    landing = desk.land(since=NOON - 10 * HOUR)
    assert [desk.landed(batch_id) for batch_id in landing.batch_ids] == [[1, 9]]
    run = desk.last_run()
    assert (run["kind"], run["status"], run["rows_read"], run["rows_reread"]) == ("backfill", "OK", 6, 4)


def test_a_backfill_moves_neither_cursor_nor_marks_and_verifies_nothing(desk: ShopDesk) -> None:
    def shown() -> tuple[object, ...]:
        with desk.ledger() as ledger:
            status = feed_status(ledger, desk.contract, desk.now)
        return status.as_of, status.verified_at, status.last_attempt_at

    before, history = shown(), desk.history()
    desk.order(range(6, 8), desk.now)  # newer than the cursor: left to the next live read
    outcome = stage_feed(desk.deployment, desk.contract, desk.land(since=NOON - 10 * HOUR))
    assert (outcome.tally.rows_new, outcome.tally.rows_changed) == (1, 1)
    assert shown() == before
    run = desk.last_run()
    assert run["cursor_after"] == run["cursor_before"] == history.runs[-1].cursor_after
    assert desk.history().ended_runs == history.ended_runs
    live = desk.land()
    assert [desk.landed(batch_id) for batch_id in live.batch_ids] == [[6, 7]]


def test_a_backfill_goes_back_no_further_than_it_is_asked(desk: ShopDesk) -> None:
    landing = desk.land(since=NOON - 8 * HOUR)
    assert [desk.landed(batch_id) for batch_id in landing.batch_ids] == [[9]]


@pytest.mark.parametrize("changes", [{"cursor": None}, {"cursor": {"column": "id", "type": "integer"}}])
def test_a_feed_without_a_cursor_of_times_says_that_it_cannot_go_back(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    desk = ShopDesk(tmp_path, **changes)
    desk.order(range(1, 4), NOON)
    desk.land()
    trouble = desk.land(since=NOON - HOUR).trouble
    assert trouble is not None
    assert (trouble.kind, trouble.next_step) == ("contract", "Run c360 sync without --from.")


def test_a_feed_that_was_never_synced_has_nothing_to_read_again(tmp_path: Path) -> None:
    trouble = ShopDesk(tmp_path).land(since=NOON - HOUR).trouble
    assert trouble is not None
    assert "never synced" in trouble.fact
