"""The company that the warehouse benchmark writes is the same each time, and of the size asked for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from business import SHARES, add_events, write_business

from warehouse.connection import open_warehouse

CUSTOMERS, EVENTS = 60, 400
DOCS = Path(__file__).parents[2] / "docs"
CHECKED = ("staging.orders", "staging.interactions", "identity.customer_crosswalk")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("business")
    write_business(folder, customers=CUSTOMERS, events=EVENTS)
    return folder


def test_the_events_asked_for_are_written(home: Path) -> None:
    union = " UNION ALL ".join(f"SELECT _key FROM staging.{entity}" for entity in SHARES)
    with open_warehouse(home) as connection:
        assert connection.execute(f"SELECT count(*) FROM ({union})").fetchall() == [(EVENTS,)]


def test_every_account_is_a_customer_of_its_own(home: Path) -> None:
    with open_warehouse(home) as connection:
        found = connection.execute(
            "SELECT count(*), count(DISTINCT customer_id) FROM identity.customer_crosswalk WHERE entity = 'accounts'"
        )
        assert found.fetchall() == [(CUSTOMERS, CUSTOMERS)]


def test_every_order_names_an_account_that_there_is(home: Path) -> None:
    with open_warehouse(home) as connection:
        strangers = "SELECT count(*) FROM staging.orders ANTI JOIN staging.accounts USING (account_id)"
        assert connection.execute(strangers).fetchall() == [(0,)]


def test_the_same_seed_writes_the_same_rows(home: Path, tmp_path: Path) -> None:
    write_business(tmp_path, customers=CUSTOMERS, events=EVENTS)
    assert _digests(tmp_path) == _digests(home)


def test_another_seed_writes_other_orders(home: Path, tmp_path: Path) -> None:
    write_business(tmp_path, customers=CUSTOMERS, events=EVENTS, seed=7)
    assert _digests(tmp_path)[0] != _digests(home)[0]


def test_more_events_come_beside_those_there_are_and_begin_a_later_snapshot(home: Path, tmp_path: Path) -> None:
    grown = shutil.copytree(home, tmp_path / "grown")
    add_events(grown, events=200)
    # Of two hundred events fifteen in a hundred are orders.
    with open_warehouse(grown) as connection:
        assert connection.execute("SELECT count(*), max(CAST(order_id AS INT)) FROM staging.orders").fetchall() == [
            (90, 90)
        ]
        assert connection.execute("SELECT snapshot_id FROM ops.snapshot").fetchall() == [("20260630T070000Z",)]


def test_the_published_figures_are_of_as_many_records_as_are_the_target() -> None:
    figures = (DOCS / "benchmarks" / "warehouse.md").read_text()
    assert "1,000,000 customers and 10,000,000 events on 2 cores" in figures
    [built] = [line for line in figures.splitlines() if line.startswith("| build |")]
    wall_seconds, _, peak_mb = (float(value.replace(",", "")) for value in built.split("|")[2:5])
    target = " ".join((DOCS / "limits.md").read_text().split())
    assert "made for ten million records" in target
    assert f"in {round(wall_seconds / 60)} minutes and {peak_mb / 1000:.1f} GB" in target


def _digests(home: Path) -> list[int]:
    with open_warehouse(home) as connection:
        return [
            connection.execute(f"SELECT sum(hash(CAST(t AS VARCHAR))) FROM {table} AS t").fetchall()[0][0]
            for table in CHECKED
        ]
