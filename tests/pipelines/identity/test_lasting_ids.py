"""What holds for ids whatever records come together, part, come and go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from .partition_factory import Partition

LETTERS = "abcde"
# For each letter the number of its group; None: not there.
GROUPS = st.tuples(*(st.integers(0, len(LETTERS) - 1) for _ in LETTERS))
GROUPS_OF_SOME = st.tuples(*(st.none() | st.integers(0, len(LETTERS) - 1) for _ in LETTERS)).filter(
    lambda numbers: any(number is not None for number in numbers)
)


def run(world: Partition, numbers: Sequence[int | None]) -> list[str]:
    groups: dict[int, str] = {}
    for letter, number in zip(LETTERS, numbers, strict=True):
        if number is not None:
            groups[number] = groups.get(number, "") + letter
    world.run(*groups.values())
    return list(groups.values())


def assert_the_past_stands(world: Partition, past: dict[datetime, dict[str, str]]) -> None:
    for moment, ids in past.items():
        assert world.ids_as_of(moment) == ids
        assert world.ids_as_of(moment + timedelta(hours=23)) == ids


@settings(max_examples=15, deadline=None)
@given(st.lists(GROUPS, min_size=1, max_size=6))
def test_whoever_was_ever_alone_is_that_customer_again_when_alone(steps: list[tuple[int, ...]]) -> None:
    world = Partition()
    world.run(*LETTERS)
    founding = world.ids()
    assert len(set(founding.values())) == len(LETTERS)
    past = {world.now: founding}
    for numbers in steps:
        groups = run(world, numbers)
        ids = past[world.now] = world.ids()
        for group in groups:
            # One id a group, that of one of its members, and every member's id leads to it.
            (customer,) = {ids[letter] for letter in group}
            assert customer in {founding[letter] for letter in group}
            assert {world.current(founding[letter]) for letter in group} == {customer}
        assert len(set(ids.values())) == len(groups)
    world.run(*LETTERS)
    assert world.ids() == founding
    assert world.redirects() == {}
    assert_the_past_stands(world, past)


@settings(max_examples=15, deadline=None)
@given(st.lists(GROUPS_OF_SOME, min_size=2, max_size=7))
def test_every_record_has_one_id_at_each_moment_and_every_id_one_fate(steps: list[tuple[int | None, ...]]) -> None:
    world, past, given_ids = Partition(), {}, set[str]()
    for numbers in steps:
        groups = run(world, numbers)
        ids = past[world.now] = world.ids()
        assert len(set(ids.values())) == len(groups)
        assert all(len({ids[letter] for letter in group}) == 1 for group in groups)
        given_ids |= set(ids.values())
        redirected = world.redirects()
        assert redirected.keys() | set(ids.values()) <= given_ids
        assert not redirected.keys() & set(ids.values())
        assert not set(redirected.values()) & redirected.keys()
        retired = given_ids - redirected.keys() - set(ids.values())
        told = world.connection.execute("SELECT customer_id FROM identity.identity_event WHERE event_type = 'retire'")
        assert retired == {customer for (customer,) in told.fetchall()}
        assert {world.current(one) for one in retired} <= {None}
    assert_the_past_stands(world, past)
