"""What syncing costs is written down with each run, by day for good, and counted for readers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.meter import Meter
from connectors.source import open_source
from pipelines import costs, refresh
from pipelines.effort import Stopwatch
from pipelines.freshness.reconcile import reconcile_feed
from pipelines.ingest import stage_feed
from pipelines.land import land_feed
from pipelines.ledger import retention, reviews, runs, work
from pipelines.ledger.database import Ledger
from tests.connectors.rest_server import Server, order, page, rest_contract
from tests.connectors.source_factory import read_all
from tests.pipelines.shop_desk import NOON, ShopDesk
from tests.pipelines.test_letters import SCAN, PostRoom


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def test_every_http_request_counts_those_that_were_refused_too(server: Server, tmp_path: Path) -> None:
    pages = {"0": page([order(1), order(2)]), "2": page([order(3)]), "3": page([])}
    server.answer = lambda _path, params: page("{}", 503) if len(server.asked) == 2 else pages[params["offset"]]
    contract = rest_contract({"kind": "offset", "parameter": "offset", "size_parameter": "limit", "size": 2})
    meter = Meter()
    source = open_source(contract, {"SHOP": server.url}, sleep=lambda _: None, meter=meter)
    read_all(source, tmp_path)
    source.close()
    assert meter.requests == len(server.asked) == 4  # three pages, the last of them empty, and the refusal
    assert meter.byte_count == sum(len(body) for _, _, body in (*pages.values(), page("{}", 503)))


def test_of_files_those_opened_and_their_bytes_count_scans_among_them(tmp_path: Path) -> None:
    room = PostRoom(tmp_path)
    room.scan(1, "L1.pdf", "L2.pdf")
    room.deliver(1, "L1", "L2")
    [run] = runs_of(room.deployment.home.ledger)
    size = (room.drop / "letters_1.csv").stat().st_size
    # The index is opened for its sequence number by the probe and before it is copied; then each scan.
    assert (run["requests"], run["byte_count"]) == (1 + 1 + 1 + 2, 3 * size + 2 * len(SCAN))


def test_of_a_database_statements_count_and_its_bytes_are_unknown(tmp_path: Path) -> None:
    desk = ShopDesk(tmp_path)
    desk.order(range(1, 4), NOON)
    desk.land()
    run = desk.last_run()
    # Its columns and how far it reaches, told apart from the data; its columns again, and its rows.
    assert (run["requests"], run["byte_count"], run["rows_read"]) == (4, None, 3)


def runs_of(path: Path) -> list[dict[str, object]]:
    with Ledger(path) as ledger:
        return [dict(row) for row in ledger.rows("SELECT * FROM feed_run ORDER BY run_id")]


class Clocks:
    """Seconds that pass, and that the process works, as a test says."""

    def __init__(self) -> None:
        self.wall = self.cpu = 100.0

    def pass_by(self, wall: float, cpu: float) -> None:
        self.wall += wall
        self.cpu += cpu

    def stopwatch(self) -> Stopwatch:
        return Stopwatch(lambda: self.wall, lambda: self.cpu)


def test_processor_time_is_shared_out_among_those_who_work_side_by_side() -> None:
    clocks = Clocks()
    stopwatch = clocks.stopwatch()
    clocks.pass_by(5, 5)  # nobody's
    with stopwatch.measured() as first:
        clocks.pass_by(1, 2)
        with stopwatch.measured() as second:
            clocks.pass_by(3, 4)
            assert (first.milliseconds(), second.milliseconds()) == ((4000, 2000 + 2000), (3000, 2000))
        clocks.pass_by(1, 1)
        assert first.milliseconds() == (5000, 5000)
    assert second.cpu_seconds + first.cpu_seconds == pytest.approx(2 + 4 + 1)


def test_staging_adds_to_what_the_run_took(tmp_path: Path) -> None:
    desk, clocks = ShopDesk(tmp_path), Clocks()
    desk.order(range(1, 4), NOON)

    def now() -> datetime:  # asked for again and again while it works
        clocks.pass_by(0.5, 0.25)
        return desk.now

    deployment = replace(desk.deployment, clock=now, stopwatch=clocks.stopwatch())
    landing = land_feed(deployment, desk.contract)
    landed = desk.last_run()
    assert landed["wall_ms"] == 2 * landed["cpu_ms"] > 0  # type: ignore[operator]
    before = clocks.wall
    stage_feed(deployment, desk.contract, landing)
    whole = desk.last_run()
    assert whole["wall_ms"] == 2 * whole["cpu_ms"]  # type: ignore[operator]
    assert landed["wall_ms"] < whole["wall_ms"] <= landed["wall_ms"] + (clocks.wall - before) * 1000  # type: ignore[operator]


def test_a_comparison_with_the_source_costs_statements_and_time_also_when_the_source_is_not_there(
    tmp_path: Path,
) -> None:
    desk, clocks = ShopDesk(tmp_path), Clocks()
    desk.order(range(1, 4), NOON)
    desk.land()

    def now() -> datetime:
        clocks.pass_by(0.5, 0.25)
        return desk.now

    deployment = replace(desk.deployment, clock=now, stopwatch=clocks.stopwatch())
    assert reconcile_feed(deployment, desk.contract).trouble is None
    with desk.ledger() as ledger:
        [(kind, feed, times, requests, byte_count, wall_ms, cpu_ms)] = ledger.tuples(WORK)
    assert (kind, feed, times, byte_count) == ("reconcile", "shop.orders", 1, None)
    assert requests >= 2  # who the source is, and its rows
    assert wall_ms == 2 * cpu_ms > 0
    desk.environment.clear()
    assert reconcile_feed(deployment, desk.contract).trouble is not None
    with desk.ledger() as ledger:
        [again] = ledger.tuples(WORK)
    assert again[2:5] == (2, requests, None)
    assert again[5] >= wall_ms


def test_a_refresh_that_failed_costs_what_it_took(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, clocks = ShopDesk(tmp_path), Clocks()

    def broken(_deployment: object) -> None:
        clocks.pass_by(60, 100)
        raise OSError("the disk is full")

    monkeypatch.setattr(refresh, "build_models", broken)
    desk.order(range(1, 2), NOON)
    stage_feed(desk.deployment, desk.contract, desk.land())
    deployment = replace(desk.deployment, stopwatch=clocks.stopwatch())
    with pytest.raises(OSError, match="the disk is full"):
        refresh.refresh(deployment)
    with desk.ledger() as ledger:
        assert ledger.tuples(WORK) == [("refresh", "", 1, None, None, 60_000, 100_000)]


WORK = "SELECT kind, feed, times, requests, byte_count, wall_ms, cpu_ms FROM work_day"


def run(ledger: Ledger, at: datetime, **cost: int) -> None:
    run_id = runs.next_run_id(ledger, "shop.orders")
    runs.open_run(ledger, runs.RunOpening(run_id, "shop.orders", "live", 1, "v1", at), "{}")
    runs.close_run(ledger, run_id, runs.RunClosing("OK", at, **cost))


SHOP: dict[str, Any] = {"feed": "shop.orders", "requests": 7}


def test_readers_see_each_day_of_a_feed_whether_its_runs_are_forgotten_or_not(tmp_path: Path) -> None:
    long_ago, cost = NOON - timedelta(days=60), {"rows_read": 7, "requests": 3, "wall_ms": 1500, "cpu_ms": 250}
    with Ledger(tmp_path / "ledger.db") as ledger, duckdb.connect() as connection:
        for at in (long_ago, long_ago, NOON):
            run(ledger, at, byte_count=1000, **cost)
        run(ledger, NOON)  # one that failed before it asked for anything
        reviews.record_sitting(ledger, NOON, pairs=4, seconds=90.0)
        reviews.record_sitting(ledger, NOON, pairs=2, seconds=30.0)
        clocks = Clocks()
        for kind, at, asked in (("reconcile", NOON, SHOP), ("refresh", NOON, {}), ("refresh", long_ago, {})):
            with clocks.stopwatch().measured() as effort:
                clocks.pass_by(40, 70)
                work.record_work(ledger, kind, at, effort, **asked)
                work.record_work(ledger, kind, at, effort, **asked)
        expected = [
            ("reconcile", "shop.orders", date(2026, 11, 21), 2, 14, None, None, 80.0, 140.0, None),
            ("refresh", None, date(2026, 9, 22), 2, None, None, None, 80.0, 140.0, None),
            ("refresh", None, date(2026, 11, 21), 2, None, None, None, 80.0, 140.0, None),
            ("review", None, date(2026, 11, 21), 2, None, None, 6, None, None, 120.0),
            ("sync", "shop.orders", date(2026, 9, 22), 2, 6, 2000, 14, 3.0, 0.5, None),
            ("sync", "shop.orders", date(2026, 11, 21), 2, 3, 1000, 7, 1.5, 0.25, None),
        ]
        for _ in ("before", "after"):
            costs.count(connection, ledger)
            assert connection.execute("FROM ops.running_cost ORDER BY ALL").fetchall() == expected
            retention.forget(ledger, NOON)
        assert ledger.tuples("SELECT count(*) FROM feed_run") == [(2,)]


def test_a_ledger_without_anything_costs_nothing(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger, duckdb.connect() as connection:
        costs.count(connection, ledger)
        assert connection.execute("FROM ops.running_cost").fetchall() == []


def test_a_ledger_of_before_costs_were_noted_gets_the_columns_and_keeps_its_runs(tmp_path: Path) -> None:
    path, at = tmp_path / "ledger.db", datetime(2026, 9, 1, tzinfo=UTC)
    with Ledger(path) as ledger:
        run(ledger, at)
        for column in ("requests", "byte_count", "wall_ms", "cpu_ms"):
            ledger.write(f"ALTER TABLE feed_run DROP COLUMN {column}")
            ledger.write(f"ALTER TABLE feed_day DROP COLUMN {column}")
        ledger.write("ALTER TABLE feed_day DROP COLUMN rows_read")
    with Ledger(path) as ledger:
        run(ledger, NOON, requests=3)
        retention.forget(ledger, NOON)
        assert ledger.tuples("SELECT runs, requests FROM feed_day") == [(1, 0)]
        assert ledger.tuples("SELECT requests FROM feed_run") == [(3,)]
