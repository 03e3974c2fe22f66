"""Statistics of runs: kept with each, held against the run a day before, and explained in the runbook."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from pipelines.identity.cluster_statistics import record
from pipelines.identity.cluster_statistics.declared import statistics

from .cluster_factory import NOW, Clusters
from .factory import World

RUNBOOK = Path(__file__).parents[3] / "docs" / "runbook.md"
NAMES = [statistic.name for statistic in statistics()]


def kept(world: World) -> dict[str, record.Judged]:
    return {judged.statistic: judged for judged in record.latest(world.connection)}


def test_every_run_that_changes_something_keeps_every_statistic() -> None:
    world = World()
    world.account(1, "Ann Lee", email="ann@lee.example")
    world.account(2, "Ann Lee", email="ann@lee.example")
    world.account(3, "Bo Yu", email="bo@yu.example")
    world.resolve()
    assert list(kept(world)) == NAMES
    single = kept(world)["single_records"]
    assert (single.value, single.base, single.former_value, single.status) == (0.5, 2, None, "UNKNOWN")
    world.resolve()
    assert {judged.run_id for judged in kept(world).values()} == {"run-1"}
    world.account(4, "Zoe Quill", email="zoe@quill.example")
    world.resolve()
    single = kept(world)["single_records"]
    assert (single.run_id, single.value, single.base, single.former_value) == ("run-3", 2 / 3, 3, 0.5)
    rows = world.all("SELECT run_id, count(*) AS n FROM identity.cluster_statistic GROUP BY run_id ORDER BY run_id")
    assert rows == [{"run_id": "run-1", "n": len(NAMES)}, {"run_id": "run-3", "n": len(NAMES)}]


def test_records_that_a_merge_moves_are_churn() -> None:
    world = World()
    world.account(1, "Ann Lee", email="ann@lee.example")
    world.account(2, "Ann Lee", phone="212 555 0123")
    world.account(3, "Bo Yu", email="bo@yu.example")
    world.resolve()
    assert kept(world)["churn"].value is None
    world.account(2, "Ann Lee", phone="212 555 0123", email="ann@lee.example")
    world.account(4, "Zoe Quill", email="zoe@quill.example")
    world.resolve()
    churn = kept(world)["churn"]
    assert (churn.value, churn.base) == (1 / 3, 3)


def test_one_run_is_held_against_the_newest_that_is_a_day_older_or_else_the_oldest() -> None:
    world = Clusters()
    former = {}
    for hours in (0, 1, 23, 25, 49):
        world.customer(f"c{hours}", {"source_system": "shop"})
        now = NOW + timedelta(hours=hours)
        record.update(world.connection, now=now, run_id=f"after {hours}")
        judged = {one.statistic: one for one in record.latest(world.connection)}
        assert judged["largest_customer"].run_id == f"after {hours}"
        former[hours] = judged["records_in_large"].former_value
        world.connection.execute(
            "UPDATE identity.cluster_statistic SET value = ? WHERE run_id = ? AND statistic = 'records_in_large'",
            [hours, f"after {hours}"],
        )
    assert former == {0: None, 1: 0.0, 23: 0.0, 25: 1.0, 49: 25.0}


def test_a_warehouse_without_the_table_has_no_statistics() -> None:
    assert record.latest(duckdb.connect()) == []


def test_customers_behind_a_statistic_are_those_of_the_last_run() -> None:
    world = World()
    world.account(1, "Ann Lee", email="ann@lee.example")
    world.resolve()
    world.account(2, "Bo Yu", email="bo@yu.example")
    world.resolve()
    (one_record,) = (statistic for statistic in statistics() if statistic.name == "single_records")
    assert {name for _, name in record.behind(world.connection, one_record, 10)} == {"Ann Lee", "Bo Yu"}
    assert len(record.behind(world.connection, one_record, 1)) == 1


def sections() -> dict[str, str]:
    """Heading of the runbook → its text."""
    parts = re.split(r"^#+ (.+)$", RUNBOOK.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("alert", sorted({statistic.alert for statistic in statistics()}))
def test_every_alert_has_a_heading_with_its_statistics_what_readers_see_a_look_and_a_repair(alert: str) -> None:
    text = " ".join(sections()[alert].split())
    named = text.partition(":")[0]
    assert re.findall(r"`(\w+)`", named) == [one.name for one in statistics() if one.alert == alert]
    assert "Readers" in text
    looked = re.search(r"Look: `c360 identity (\w+)`", text)
    assert looked is not None
    assert looked[1] in named
    assert "Repair:" in text
    assert "`c360 sync FEED`" in text.partition("Repair:")[2]


def test_every_heading_below_identity_resolution_is_an_alert() -> None:
    below = RUNBOOK.read_text(encoding="utf-8").partition("## When identity resolution goes wrong")[2]
    assert re.findall(r"^### (.+)$", below, flags=re.MULTILINE) == list(
        dict.fromkeys(statistic.alert for statistic in statistics())
    )
