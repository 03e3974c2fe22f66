"""The run as a whole: repeatable, all or nothing, the same in any order."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.identity import survivorship
from pipelines.identity.find import find
from pipelines.identity.judgements import record_judgement
from pipelines.identity.tables import TABLES, ensure_schema

from .factory import DAY_ONE, World

ACCOUNTS: list[tuple[int, dict[str, Any]]] = [
    (1, {"name": "Bob Smith", "email": "bob@smith.example", "phone": "212 555 0123"}),
    (2, {"name": "Robert Smith", "email": "bob@smith.example"}),
    (3, {"name": "Jane Smith", "email": "bob@smith.example"}),
    (4, {"name": "J Smith", "phone": "212 555 0123"}),
    (5, {"name": "Jane Smith", "phone": "212 555 0123"}),
    (6, {"email": "bob@smith.example"}),
    (7, {"organisation_name": "Smith Ltd", "email": "bob@smith.example"}),
]


def contents(world: World) -> dict[str, list[Any]]:
    """Every row of every table of the schema, sorted."""
    return {name: sorted(map(repr, world.connection.execute(f"FROM identity.{name}").fetchall())) for name in TABLES}


def world_of(accounts: list[tuple[int, dict[str, Any]]], threads: int = 1) -> World:
    world = World(threads)
    for key, values in accounts:
        world.account(key, **values)
    world.resolve()
    return world


@pytest.fixture(scope="module")
def resolved() -> World:
    """The accounts, resolved once. Read only."""
    return world_of(ACCOUNTS)


@pytest.fixture(scope="module")
def two_people() -> World:
    """Read only."""
    world = World()
    world.account(1, "Ann Lee", email="ann@lee.example", phone="212 555 0123")
    world.account(2, "Bo Yu", email="bo@yu.example", phone="212 555 9876")
    world.resolve()
    return world


def test_an_empty_warehouse_resolves_to_empty_tables() -> None:
    world = World()
    assert world.resolve().customers == 0
    assert world.resolve().changed is False


def test_a_second_run_changes_nothing() -> None:
    world = world_of(ACCOUNTS)
    before = contents(world)
    assert world.resolve().changed is False
    assert contents(world) == before


def test_rows_that_say_nothing_of_identity_change_nothing_but_that_they_were_read() -> None:
    world = world_of(ACCOUNTS)
    world.add("orders", "shop", 9, account_id="1")
    before = contents(world)
    assert world.resolve().changed is False
    after = contents(world)
    assert {name for name in after if after[name] != before[name]} == {"gathered_row", "account_reference"}


def test_no_working_table_is_left_behind(resolved: World) -> None:
    assert resolved.all("SELECT table_name FROM duckdb_tables() WHERE temporary") == []


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10**6))
def test_the_order_of_rows_does_not_matter(resolved: World, seed: int) -> None:
    shuffled = random.Random(seed).sample(ACCOUNTS, len(ACCOUNTS))
    assert contents(world_of(shuffled)) == contents(resolved)


def test_the_number_of_threads_does_not_matter(resolved: World) -> None:
    assert contents(world_of(ACCOUNTS, threads=4)) == contents(resolved)


def test_a_failure_anywhere_leaves_the_former_state(monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_of(ACCOUNTS)
    before = contents(world)
    world.account(8, "New Person", email="new@person.example")

    def fail(_connection: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(survivorship, "update", fail)
        with pytest.raises(RuntimeError, match="killed"):
            world.resolve()
    assert contents(world) == before
    assert world.resolve().new_records == 1


def test_an_update_in_steps_ends_where_one_run_from_scratch_ends(resolved: World) -> None:
    stepwise = World()
    for key, values in ACCOUNTS:
        stepwise.account(key, **values)
        stepwise.resolve()
    assert stepwise.clusters() == resolved.clusters()
    golden = "SELECT * EXCLUDE (customer_id, first_seen_at) FROM identity.golden_customers ORDER BY ALL"
    assert stepwise.all(golden) == resolved.all(golden)


def test_a_judgement_outranks_the_rules_and_survives_later_runs() -> None:
    world = World()
    world.account(1, "John Smith", email="f@smith.example")
    world.account(2, "Jane Smith", email="f@smith.example")
    world.account(3, "John Smith", email="f@smith.example")
    world.resolve()
    steward = {"decided_by": "ana", "decided_at": DAY_ONE, "reason": "spoke with her"}
    record_judgement(world.connection, "shop/accounts/2", "shop/accounts/1", "match", **steward)  # type: ignore[arg-type]
    record_judgement(world.connection, "shop/accounts/1", "shop/accounts/3", "no_match", **steward)  # type: ignore[arg-type]
    world.resolve()
    world.account(4, "Someone Else")
    world.resolve()
    assert world.clusters() == {frozenset({"1", "2"}), frozenset({"3"}), frozenset({"4"})}
    methods = {row["record_id"]: row["match_method"] for row in world.all("FROM identity.customer_crosswalk")}
    assert methods == {"1": "steward", "2": "steward", "3": "source", "4": "source"}


def test_a_judgement_on_an_unknown_record_is_refused(resolved: World) -> None:
    with pytest.raises(LookupError, match="shop/accounts/99"):
        record_judgement(
            resolved.connection,
            "shop/accounts/1",
            "shop/accounts/99",
            "match",
            decided_by="ana",
            decided_at=DAY_ONE,
            reason="?",
        )


def test_values_that_nobody_carries_any_more_are_forgotten() -> None:
    world = world_of(ACCOUNTS)
    world.remove("accounts", "shop", 1)
    world.resolve()
    values = {row["value"] for row in world.all("FROM identity.standardised_value")}
    assert "Bob Smith" not in values
    assert "Robert Smith" in values


def test_ensure_schema_makes_every_table_and_may_be_repeated() -> None:
    world = World()
    ensure_schema(world.connection)
    ensure_schema(world.connection)
    assert set(contents(world)) == set(TABLES)


@pytest.mark.parametrize(
    "text",
    ["Ann Lee", "lee, ann", "ANN@lee.example", "(212) 555-0123", "+1 212 555 0123", "1", "shop/accounts/1"],
)
def test_a_customer_is_found_by_what_somebody_has_at_hand(two_people: World, text: str) -> None:
    assert find(two_people.connection, text, default_region="US") == [two_people.customer("accounts/1")]


def test_a_merged_id_finds_the_surviving_customer() -> None:
    world = World()
    world.account(1, "Ann Lee")
    world.account(2, "Ann Lee", email="ann@lee.example")
    world.resolve()
    ids = {world.customer("accounts/1"), world.customer("accounts/2")}
    world.account(1, "Ann Lee", email="ann@lee.example")
    world.resolve()
    survivor = world.customer("accounts/1")
    (gone,) = ids - {survivor}
    assert find(world.connection, gone) == [survivor]
    assert find(world.connection, "nobody at all") == []
