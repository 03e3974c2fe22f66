"""What a landing leaves in the ledger for those who watch: counts, heartbeats, refusals, and how it really ended."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from connectors.landing import LandingFolder
from pipelines import land
from pipelines.freshness.detectors.windows import cursor_regressed
from pipelines.ledger import leases
from tests.pipelines.shop_desk import NOON, ShopDesk

HOUR = timedelta(hours=1)
RESOURCE = "feed:shop.orders"


@pytest.fixture
def desk(tmp_path: Path) -> ShopDesk:
    made = ShopDesk(tmp_path)
    made.order(range(1, 6), NOON)
    return made


def test_what_was_read_is_counted_apart_from_what_was_landed(desk: ShopDesk) -> None:
    desk.land()
    desk.order(range(6, 8), NOON + HOUR)
    desk.land()
    run = desk.history().runs[-1]
    assert (run.rows_read, run.rows_landed, run.rows_rejected, run.rows_reread) == (7, 2, 0, 5)
    assert run.rows_repeated is None


def test_a_run_under_a_clock_that_stood_days_back_keeps_its_place_among_runs_and_no_cursor_seems_to_go_back(
    desk: ShopDesk,
) -> None:
    desk.land()
    desk.order(range(6, 8), NOON + HOUR)
    desk.now += 2 * HOUR
    desk.land()
    now = desk.now
    desk.now -= timedelta(days=4)
    desk.land()
    desk.now = now
    desk.land()
    history = desk.history()
    assert [run.run_id[-1] for run in history.runs] == ["1", "2", "3", "4"]
    (found,) = cursor_regressed(history)
    assert found.verdict == "PASS"


def test_rows_of_the_future_are_counted_with_their_batch(desk: ShopDesk) -> None:
    desk.order(range(8, 10), NOON + 900 * HOUR)
    desk.land()
    (batch,) = desk.history().batches
    assert (batch.row_count, batch.future_count, batch.cursor_after) == (7, 2, NOON.isoformat())


def test_what_the_source_says_of_itself_leaves_rows_of_the_future_out(desk: ShopDesk) -> None:
    desk.order(range(8, 10), NOON + 900 * HOUR)
    desk.land()
    (answer,) = desk.history().answers
    assert (answer.newest, answer.row_count) == ("2026-11-21 12:00:00", 7)


def test_a_run_that_is_interrupted_did_not_end_well(desk: ShopDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(LandingFolder, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        desk.land()
    run = desk.last_run()
    assert (run["status"], run["error_kind"]) == ("FAILED", "stopped")


def test_a_run_that_lost_its_lease_did_not_end_well_and_is_written_down(
    desk: ShopDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = LandingFolder.write

    def slow(*arguments: object) -> object:
        written = write(*arguments)  # type: ignore[arg-type]
        with desk.ledger() as other:
            other.write("UPDATE lease SET token = token + 1")
        return written

    monkeypatch.setattr(LandingFolder, "write", slow)
    assert desk.land().trouble is not None
    assert (desk.last_run()["status"], desk.last_run()["error_kind"]) == ("FAILED", "fenced")
    (refusal,) = desk.history().refusals
    assert (refusal.reason, refusal.refused_at) == ("lost", desk.now)


def test_a_run_that_finds_another_at_work_is_written_down_with_whom_it_met(desk: ShopDesk) -> None:
    with desk.ledger() as ledger:
        leases.acquire(ledger, RESOURCE, now=NOON)
        desk.land()
    (refusal,) = desk.history().refusals
    assert refusal.reason == "held"
    assert refusal.holder.startswith("process ")
    assert desk.history().runs == ()


def test_a_lease_is_renewed_as_rows_arrive_and_half_a_minute_apart(
    desk: ShopDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed = []
    monkeypatch.setattr(leases, "renew", lambda _ledger, _lease, now: renewed.append(now))
    write = LandingFolder.write

    def an_hour_later(*arguments: object) -> object:
        desk.now += HOUR
        return write(*arguments)  # type: ignore[arg-type]

    desk.land()
    assert renewed == []
    monkeypatch.setattr(LandingFolder, "write", an_hour_later)
    desk.land()
    assert renewed == [desk.now]


def test_a_renewed_lease_shows_when_its_holder_last_got_on(desk: ShopDesk) -> None:
    with desk.ledger() as ledger:
        lease = leases.acquire(ledger, RESOURCE, now=NOON)
        leases.renew(ledger, lease, NOON + HOUR)
    history = desk.history()
    assert (history.heartbeat_at, history.is_worked_on) == (NOON + HOUR, True)
    with desk.ledger() as ledger:
        leases.release(ledger, lease)
    assert not desk.history().is_worked_on


def test_rows_that_get_lost_on_the_way_into_the_table_are_noticed(
    desk: ShopDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connectors import landing

    write_table = landing.write_table

    def loses_a_row(connection, contract, reader, table):
        types = write_table(connection, contract, reader, table)
        kept = table.with_suffix(".short")
        connection.execute(f"COPY (FROM read_parquet('{table}') LIMIT 4) TO '{kept}' (FORMAT parquet)")
        kept.replace(table)
        return types

    monkeypatch.setattr(landing, "write_table", loses_a_row)
    trouble = desk.land().trouble
    assert trouble is not None
    assert "handed over 5 rows and 4 were written" in trouble.fact


def test_the_day_on_which_credentials_end_is_kept_with_each_run(tmp_path: Path) -> None:
    desk = ShopDesk(tmp_path, watch={"credentials_expire": "SHOP_ENDS"})
    desk.environment["SHOP_ENDS"] = (NOON + 24 * HOUR).isoformat()
    assert isinstance(desk.land(), land.Landing)
    assert desk.history().runs[-1].credentials_end == NOON + 24 * HOUR
