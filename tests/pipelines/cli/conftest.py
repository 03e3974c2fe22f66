"""A home with a resolved warehouse and a published file, small enough to know by heart."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from pipelines.ledger.database import Ledger
from pipelines.settings import Home
from tests.pipelines.identity.resolved_factory import Resolved


@pytest.fixture
def home(prepared: Home, tmp_path: Path) -> Home:
    """C1: a-b sure and b-c doubtful; C2: d, which looks like c. C1 is worth three times the typical customer."""
    shutil.copytree(prepared.root, tmp_path / "home")
    return Home(tmp_path / "home")


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The home that each test gets a copy of."""
    made = Home(tmp_path_factory.mktemp("prepared"))
    world = Resolved(made.warehouse)
    world.customer("C1", "abc", full_name="Ann Lee", phone="+1 212 555 0123")
    world.customer("C2", "d", full_name="=Anna Lee")
    world.write("a", "email", "ann@lee.example")
    world.write("b", "email", "ann@lee.example")
    world.write("c", "email", "a.lee@work.example")
    world.pair("ab", 9.0, email=("same", 9.0))
    world.pair("bc", 2.0, email=("different", -3.0), phone=("same", 5.0))
    world.pair("cd", -1.0, given_name=("similar", -1.0))
    world.connection.close()
    Ledger(made.ledger).close()
    with duckdb.connect(str(made.published)) as connection:
        connection.execute(
            """CREATE TABLE customer_360 AS FROM (VALUES ('C1', 300.0, 'EUR', 2, 1, 3, 'FRESH'),
                 ('C2', 100.0, 'EUR', 1, 0, 1, 'FRESH'), ('C3', 50.0, 'EUR', 1, 0, 1, 'FRESH'))
               AS c(customer_id, net_amount, currency_code, order_count, open_ticket_count, record_count,
                    orders_status)"""
        )
    return made
