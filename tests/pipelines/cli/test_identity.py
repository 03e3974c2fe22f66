"""What `c360 identity` says and with which exit code, on a warehouse whose records are written by the resolution."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.identity.cluster_statistics.declared import statistics
from pipelines.settings import Home
from tests.journey_factory import DAY_ONE, Said, c360
from tests.pipelines.identity.factory import World
from warehouse.connection import open_warehouse


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Three people, one of them with 201 records."""
    world = World()
    for number in range(201):
        world.account(number, "Ann Lee", email="ann@lee.example")
    world.account(301, "Bo Yu", email="bo@yu.example")
    world.account(302, "Zoe Quill", email="zoe@quill.example")
    world.resolve(now=DAY_ONE)
    home = Home(tmp_path_factory.mktemp("home"))
    world.connection.execute(f"ATTACH '{home.warehouse}' AS kept")
    world.connection.execute("COPY FROM DATABASE memory TO kept")
    world.connection.close()
    return home


def identity(home: Home, *arguments: str) -> Said:
    return c360(home, "identity", *arguments, now=DAY_ONE + timedelta(hours=1))


def test_an_alarm_is_shown_with_its_reason_and_runbook_heading_and_gives_exit_code_1(home: Home) -> None:
    said = identity(home)
    assert said.code == 1
    lines = {line.split()[0]: " ".join(line.split()) for line in said.out.splitlines() if line.strip()}
    assert lines["largest_customer"] == "largest_customer FAIL 201 at most 200 - 3 customers at most 200 expected"
    assert lines["single_records"].startswith("single_records UNKNOWN 66.7% - - 3 customers 3 customers are too few")
    assert "See 'Customers are too large' in docs/runbook.md." in lines["FAIL"]
    assert "As of the run of 2024-05-14 06:00 UTC." in said.out


def test_the_document_holds_every_statistic_with_its_meaning(home: Home) -> None:
    said = identity(home, "--json")
    assert [one["statistic"] for one in said.document] == [statistic.name for statistic in statistics()]
    (largest,) = (one for one in said.document if one["statistic"] == "largest_customer")
    assert (largest["value"], largest["highest"], largest["status"]) == (201.0, 200.0, "FAIL")
    assert largest["meaning"] == "Records of the largest customer."


def test_the_customers_whom_a_statistic_counts_are_listed(home: Home) -> None:
    assert [one["display_name"] for one in identity(home, "largest_customer", "--json").document] == ["Ann Lee"]
    assert "Ann Lee" in identity(home, "largest_customer").out
    singles = identity(home, "single_records", "--json").document
    assert sorted(one["display_name"] for one in singles) == ["Bo Yu", "Zoe Quill"]
    assert len(identity(home, "single_records", "--limit", "1", "--json").document) == 1
    assert "It is about all customers alike" in identity(home, "records_per_customer").out


def test_an_unknown_statistic_is_wrong_use_and_the_known_ones_are_named(home: Home) -> None:
    said = identity(home, "sizes")
    assert said.code == 2
    assert "There is no statistic sizes. There are: several_given_names," in said.err


def test_without_a_run_the_next_step_is_named(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with open_warehouse(home.root):
        pass
    said = identity(home)
    assert said.code == 1
    assert "no run has kept statistics yet. Run c360 refresh first." in said.err
