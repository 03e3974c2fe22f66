"""A steward undoes a merge: the records go back under their former id, and everything can go to and fro."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from pipelines.identity import unmerging
from pipelines.identity.judgements import Contradiction, in_force, record_judgement
from pipelines.identity.unmerging import Unmerge, UnmergeRefused

from .factory import DAY_ONE, World

PHONES = ("212 555 0121", "212 555 0122", "212 555 0123")


def shop(number: int) -> str:
    return f"shop/accounts/{number}"


def evening(world: World) -> datetime:
    """After the last run and before the next."""
    return DAY_ONE + timedelta(days=world.runs, hours=12)


def unmerge(world: World, customer_id: str) -> Unmerge:
    return unmerging.unmerge(
        world.connection, customer_id, decided_by="ana", decided_at=evening(world), reason="two sisters"
    )


def undo(world: World, one: int, other: int) -> int:
    taken = unmerging.take_back(
        world.connection,
        shop(one),
        shop(other),
        by="ana",
        at=evening(world) + timedelta(hours=1),
        reason="one after all",
    )
    return len(taken)


def chain() -> tuple[World, str, str, str]:
    """Accounts 1, 2, 3, each a customer at first; the third merged into the second, and both into the first."""
    world = World()
    for number, phone in enumerate(PHONES, start=1):
        world.account(number, "Ann Lee", phone=phone)
        world.resolve()
    first, second, third = (world.customer(f"accounts/{number}") for number in (1, 2, 3))
    world.account(3, "Ann Lee", phone=PHONES[1])
    world.resolve()
    for number in (1, 2, 3):
        world.account(number, "Ann Lee", phone=PHONES[0])
    world.resolve()
    assert {world.customer(f"accounts/{number}") for number in (1, 2, 3)} == {first}
    return world, first, second, third


def customers(world: World) -> list[str]:
    return [world.customer(f"accounts/{number}") for number in (1, 2, 3)]


def test_the_first_link_of_a_chain_leaves_the_last_customer_and_comes_back() -> None:
    world, first, second, third = chain()
    done = unmerge(world, third)
    assert (done.customer_id, done.from_customer_id) == (third, first)
    assert (done.leaving, done.staying) == ((shop(3),), (shop(1), shop(2)))
    assert [(one.left_key, one.right_key, one.decision, one.decided_by) for one in done.judged] == [
        (shop(1), shop(3), "no_match", "ana"),
        (shop(2), shop(3), "no_match", "ana"),
    ]
    # It takes effect with the next run.
    assert customers(world) == [first, first, first]
    result = world.resolve()
    assert customers(world) == [first, first, third]
    assert (result.splits, result.created) == (1, 0)
    assert world.events() == [("split", first, third)]
    redirects = world.all("FROM identity.customer_id_redirect")
    assert [(row["old_customer_id"], row["current_customer_id"]) for row in redirects] == [(second, first)]
    # Undoing one of its judgements takes all of them back; and again from the start.
    assert undo(world, 3, 1) == 2
    world.resolve()
    assert customers(world) == [first, first, first]
    assert world.events() == [("merge", first, third)]
    unmerge(world, third)
    world.resolve()
    assert customers(world) == [first, first, third]


def test_a_customer_goes_with_what_was_merged_into_it() -> None:
    world, first, second, third = chain()
    assert unmerge(world, second).leaving == (shop(2), shop(3))
    world.resolve()
    assert customers(world) == [first, second, second]
    redirects = world.all("FROM identity.customer_id_redirect")
    assert [(row["old_customer_id"], row["current_customer_id"]) for row in redirects] == [(third, second)]


def test_a_record_that_came_after_the_merge_is_in_no_judgement() -> None:
    world, first, _, third = chain()
    world.account(4, "Ann Lee", phone=PHONES[0])
    world.resolve()
    assert world.customer("accounts/4") == first
    assert unmerge(world, third).staying == (shop(1), shop(2))


def test_what_was_judged_apart_before_stays_so_when_the_unmerge_is_taken_back() -> None:
    world, _, _, third = chain()
    record_judgement(
        world.connection, shop(2), shop(3), "no_match", decided_by="bo", decided_at=evening(world), reason="I know both"
    )
    assert [one.left_key for one in unmerge(world, third).judged] == [shop(1)]
    assert undo(world, 1, 3) == 1
    standing = [(one.left_key, one.right_key) for one in in_force(world.connection) if one.decision == "no_match"]
    assert standing == [(shop(2), shop(3))]


def test_an_id_that_is_not_merged_away_is_refused() -> None:
    world, first, *_ = chain()
    for customer_id in (first, "C0000000000000"):
        with pytest.raises(UnmergeRefused, match=f"{customer_id} is not merged into any customer"):
            unmerge(world, customer_id)


def test_saying_it_twice_is_refused() -> None:
    world, first, _, third = chain()
    unmerge(world, third)
    with pytest.raises(UnmergeRefused, match=f"{third} is judged apart from {first} already. Run c360 sync"):
        unmerge(world, third)
    assert len(in_force(world.connection)) == 2


def test_what_a_steward_has_joined_is_not_parted_over_their_head() -> None:
    world, _, _, third = chain()
    record_judgement(
        world.connection, shop(1), shop(3), "match", decided_by="bo", decided_at=evening(world), reason="passport"
    )
    with pytest.raises(Contradiction, match=re.escape(f"c360 review --undo {shop(1)} {shop(3)}")):
        unmerge(world, third)
    assert [one.decision for one in in_force(world.connection)] == ["match"]


def test_more_judgements_than_a_mistake_is_worth_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unmerging, "MOST_PAIRS", 1)
    world, first, _, third = chain()
    with pytest.raises(
        UnmergeRefused, match=f"1 records of {third} from 2 of {first} takes 2 judgements, more than 1.*--why"
    ):
        unmerge(world, third)


def test_an_id_of_which_no_own_record_is_left_is_refused_and_the_one_before_it_named() -> None:
    world, first, second, third = chain()
    world.remove("accounts", "shop", 2)
    world.resolve()
    with pytest.raises(
        UnmergeRefused, match=f"No record of its own of {second} is left in {first}.* was {third} before"
    ):
        unmerge(world, second)
    assert unmerge(world, third).leaving == (shop(3),)
