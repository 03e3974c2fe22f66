"""The company that the warehouse benchmark writes is the same each time, and of the size asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from business import SHARES, write_business

from warehouse.connection import open_warehouse

CUSTOMERS, EVENTS = 60, 400
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


def _digests(home: Path) -> list[int]:
    with open_warehouse(home) as connection:
        return [
            connection.execute(f"SELECT sum(hash(CAST(t AS VARCHAR))) FROM {table} AS t").fetchall()[0][0]
            for table in CHECKED
        ]
