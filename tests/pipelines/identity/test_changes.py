from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.identity import changes, values
from pipelines.identity.changes import Counts
from pipelines.identity.tables import ensure_schema
from tests.pipelines.identity.factory import DAY_ONE, ENTITIES, World

KEYS = st.sampled_from(["1", "2"])
NAMES = st.sampled_from([None, "Ann Lee", "Bob Ray"])
# An account that comes or changes, one that goes; an order of a guest, of an account or of nobody, one that goes.
STEPS = st.one_of(
    st.tuples(st.just("account"), KEYS, NAMES),
    st.tuples(st.just("no account"), KEYS),
    st.tuples(st.just("order"), KEYS, NAMES, st.sampled_from([None, "1", "2"])),
    st.tuples(st.just("no order"), KEYS),
)


def read(world: World, *, everything: bool = False) -> Counts:
    world.stage()
    ensure_schema(world.connection)
    counts = changes.gather(world.connection, ENTITIES, everything=everything)
    values.write_source_records(world.connection, now=DAY_ONE, default_region="US", everything=everything)
    return counts


def records(world: World) -> list[dict[str, Any]]:
    return world.all(
        "SELECT * EXCLUDE (first_seen_at, record_no) FROM identity.source_records ORDER BY source_record_key"
    )


def stub(world: World, key: str) -> bool:
    return bool(world.one("FROM identity.source_records WHERE source_record_key = ?", key)["is_stub"])


def take(world: World, step: tuple[Any, ...]) -> None:
    if step[0] == "account":
        world.account(step[1], step[2])
    elif step[0] == "order":
        world.guest_order(step[1], step[2], account_id=step[3])
    else:
        entity = {"no account": "accounts", "no order": "orders"}[step[0]]
        if ("shop", step[1]) in world.rows[entity]:
            world.remove(entity, "shop", step[1])


@settings(max_examples=12, deadline=None)
@given(st.lists(st.lists(STEPS, min_size=1, max_size=3), min_size=1, max_size=4))
def test_reading_what_changed_comes_to_the_same_as_reading_everything_at_once(syncs: list[list[Any]]) -> None:
    world, at_once = World(), World()
    for steps in syncs:
        for step in steps:
            take(world, step)
            take(at_once, step)
        read(world)
    read(at_once)
    assert records(world) == records(at_once)
    numbers = [row["record_no"] for row in world.all("SELECT record_no FROM identity.source_records")]
    assert len(set(numbers)) == len(numbers)
    assert read(world) == (0, 0, 0)


def test_a_row_is_read_again_only_when_it_changed() -> None:
    world = World()
    world.account(1, "Ann Lee")
    world.account(2, "Bob Ray")
    assert read(world) == (2, 0, 0)
    world.account(2, "Bob Roy")
    assert read(world) == (0, 1, 0)
    assert world.all("SELECT source_record_key FROM incoming") == [{"source_record_key": "shop/accounts/2"}]


def test_rows_whose_keys_duckdb_gives_one_number_are_two_and_neither_is_read_again() -> None:
    world, one, other = World(), "shop/E64/2015-01-01/0", "shop/E63/2015-06-01/0"
    assert world.all("SELECT hash($1) = hash($2) AS is_one", one, other) == [{"is_one": True}]
    world.account(one, "Ann Lee")
    world.account(other, "Bob Ray")
    assert read(world) == Counts(2, 0, 0)
    assert read(world) == Counts(0, 0, 0)
    assert world.all("FROM changed_row") == []
    world.remove("accounts", "shop", one)
    assert read(world) == Counts(0, 0, 1)
    assert [record["record_id"] for record in records(world)] == [other]


def test_an_account_that_is_referred_to_stands_as_a_stub_until_it_comes_and_after_it_went() -> None:
    world = World()
    world.guest_order(7, account_id="1")
    assert read(world) == (1, 0, 0)
    assert stub(world, "shop/accounts/1")
    world.account(1, "Ann Lee")
    assert read(world) == (0, 1, 0)
    assert not stub(world, "shop/accounts/1")
    world.remove("accounts", "shop", 1)
    assert read(world) == (0, 1, 0)
    assert stub(world, "shop/accounts/1")
    world.remove("orders", "shop", 7)
    assert read(world) == (0, 0, 1)


def test_a_guest_whose_order_comes_to_name_an_account_is_superseded_by_it() -> None:
    world = World()
    world.guest_order(7, "Ann Lee")
    world.account(1, "Ann Lee")
    assert read(world) == (2, 0, 0)
    world.guest_order(7, "Ann Lee", account_id="1")
    assert read(world) == (0, 0, 1)
    assert world.all("FROM superseded") == [{"source_record_key": "shop/orders/7", "account_key": "shop/accounts/1"}]


def test_everything_is_read_again_when_that_is_asked_for() -> None:
    world = World()
    world.account(1, "Ann Lee")
    read(world)
    assert read(world, everything=True) == (0, 0, 0)
    assert world.all("SELECT source_record_key, is_new, is_changed FROM touched") == [
        {"source_record_key": "shop/accounts/1", "is_new": False, "is_changed": False}
    ]
