"""`c360 unmerge` as a steward meets it: decide, read what follows, take it back."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.identity import judgements
from pipelines.ledger.database import Ledger
from pipelines.settings import Home
from tests.journey_factory import c360
from tests.pipelines.identity.partition_factory import Partition, key
from warehouse.connection import open_reader


@pytest.fixture
def merged(tmp_path: Path) -> tuple[Home, Partition, str, str]:
    """a and b, of which the younger was merged into the older, with the ids that they had."""
    home = Home(tmp_path)
    world = Partition(home.warehouse)
    for groups in (("a",), ("a", "b")):
        world.run(*groups)
    ids = world.ids()
    world.run("ab")
    world.connection.close()
    Ledger(home.ledger).close()
    return home, world, ids["a"], ids["b"]


def decisions(home: Home) -> list[tuple[str, str]]:
    with open_reader(home.warehouse) as connection:
        return [(one.decision, one.reason) for one in judgements.in_force(connection)]


def test_an_unmerge_is_told_with_what_follows_and_taken_back_by_the_command_it_names(
    merged: tuple[Home, Partition, str, str],
) -> None:
    home, world, first, second = merged
    told = c360(home, "unmerge", second.lower(), "--because", "two sisters", "--by", "ana", now=world.now)
    assert told.code == 0
    assert told.out.splitlines() == [
        f"Judged to be two customers: {second} and {first}. Decisions: 1.",
        f"  back under {second}: {key('b')}",
        f"  stay with {first}: {key('a')}",
        f"Decisions take effect with the next c360 sync. To undo: c360 review --undo {key('a')} {key('b')}",
    ]
    assert decisions(home) == [("no_match", "two sisters")]
    undone = c360(home, "review", "--by", "ana", "--undo", key("a"), key("b"), now=world.now)
    assert (undone.code, undone.out.startswith("Taken back:")) == (0, True)
    assert decisions(home) == [("unsure", "taken back")]


def test_what_is_no_merge_is_wrong_use_and_changes_nothing(merged: tuple[Home, Partition, str, str]) -> None:
    home, world, first, _ = merged
    told = c360(home, "unmerge", first, "--because", "two sisters", "--by", "ana", now=world.now)
    assert (told.code, f"{first} is not merged into any customer" in told.err) == (2, True)
    assert decisions(home) == []


def test_a_decision_needs_a_name_and_a_reason(
    merged: tuple[Home, Partition, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, world, _, second = merged
    monkeypatch.delenv("C360_STEWARD", raising=False)
    nameless = c360(home, "unmerge", second, "--because", "two sisters", now=world.now)
    assert (nameless.code, "Say who decides" in nameless.err) == (2, True)
    assert c360(home, "unmerge", second, "--by", "ana", now=world.now).code == 2
    assert decisions(home) == []
